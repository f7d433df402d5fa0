// Draw a chart. Its address ends in #g. and its settings. The chart library may only run on a page
// of its own; on any other page, lead to that page.
(() => {
  const { chartPage, styles, scripts, reasons } = document.currentScript.dataset;
  let loaded = false;

  // The data have NULL in one column and the reason in another; the chart shows only one column,
  // so replace NULL with the reason. Unknown figures are left out of the chart.
  function named(rows) {
    const told = JSON.parse(reasons);
    const { status_column: status, by_status: byStatus, when_set: whenSet } = told;
    const figures = new Set(
      rows.flatMap((row) => Object.keys(row).filter((column) => typeof row[column] === "number")),
    );
    for (const row of rows) {
      const set = Object.keys(whenSet).filter((column) => (row[column] ?? null) !== null);
      const own = Object.keys(row).map((column) => {
        const reason = row[told.reason_column?.replace("{}", column)];
        return reason ? { [reason]: [column] } : {};
      });
      const applying = [...set.map((column) => whenSet[column]), ...own, byStatus[row[status]] ?? {}];
      for (const [reason, columns] of applying.flatMap(Object.entries)) {
        for (const column of columns) {
          if (row[column] === null && !figures.has(column)) row[column] = reason;
        }
      }
    }
    return rows;
  }

  function tell(words) {
    const place = document.getElementById("chart-error");
    place.textContent = words;
    place.hidden = false;
  }

  function load() {
    if (loaded) return;
    loaded = true;
    const ask = window.fetch;
    window.fetch = async (...request) => {
      const response = await ask(...request);
      const answer = await response.json();
      if (response.ok) return new Response(JSON.stringify(named(answer)));
      tell(answer.detail ?? answer.error);
      return new Response("[]");
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

  function leave() {
    if (location.hash.startsWith("#g.")) location.replace(chartPage + location.search + location.hash);
  }

  addEventListener("load", chartPage ? leave : load);
  if (chartPage) addEventListener("hashchange", leave);
})();
