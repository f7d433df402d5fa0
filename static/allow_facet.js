// Tell Datasette's table.js, which expects an inline script to do so, whether columns can be faceted by.
window.DATASETTE_ALLOW_FACET = document.currentScript.dataset.allowFacet === "true";
