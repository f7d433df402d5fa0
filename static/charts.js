// Load the chart library when a reader opens a chart, which adds #g. to the URL.
(() => {
  const { styles, scripts, reasons } = document.currentScript.dataset;
  const { status_column: status, by_status: byStatus, when_set: whenSet } = JSON.parse(reasons);
  let loaded = false;

  // The data have NULL in one column and the reason in another; the chart shows only one column,
  // so replace NULL with the reason. Unknown figures are left out of the chart.
  function named(rows) {
    const figures = new Set(
      rows.flatMap((row) => Object.keys(row).filter((column) => typeof row[column] === "number")),
    );
    for (const row of rows) {
      const set = Object.keys(whenSet).filter((column) => (row[column] ?? null) !== null);
      const applying = [...set.map((column) => whenSet[column]), byStatus[row[status]] ?? {}];
      for (const [reason, columns] of applying.flatMap(Object.entries)) {
        for (const column of columns) {
          if (row[column] === null && !figures.has(column)) row[column] = reason;
        }
      }
    }
    return rows;
  }

  function load() {
    if (loaded || !location.hash.startsWith("#g.")) return;
    loaded = true;
    const ask = window.fetch;
    window.fetch = async (...request) => {
      const rows = await (await ask(...request)).json();
      return new Response(JSON.stringify(named(rows)));
    };
    for (const href of styles.split(" ")) {
      document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href }));
    }
    for (const src of scripts.split(" ")) {
      const script = Object.assign(document.createElement("script"), { src });
      script.onload = () => {
        // The library waits for this event, which has already fired.
        document.dispatchEvent(new Event("DOMContentLoaded"));
        document.querySelector(".table-wrapper").scrollIntoView();
      };
      document.head.append(script);
    }
  }

  addEventListener("load", load);
  addEventListener("hashchange", load);
})();
