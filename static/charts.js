// Loads the charts when a reader opens one: the address then says so behind its "#".
(() => {
  const { styles, scripts } = document.currentScript.dataset;
  let loaded = false;

  function load() {
    if (loaded || !location.hash.startsWith("#g.")) return;
    loaded = true;
    for (const href of styles.split(" ")) {
      document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href }));
    }
    for (const src of scripts.split(" ")) {
      const script = Object.assign(document.createElement("script"), { src });
      // The charts wait for an event that is over by now.
      script.onload = () => document.dispatchEvent(new Event("DOMContentLoaded"));
      document.head.append(script);
    }
  }

  addEventListener("load", load);
  addEventListener("hashchange", load);
})();
