/* Draws the charts of a page, with the theme's Chart.js and the colours of the style sheet.

   A canvas names (data-chart) the JSON in the page that says what to draw:
   {kind, labels, titles, series: [{name, values}], notes, strong, links}; values are S$. */
"use strict";

(() => {
  const drawn = new Map();
  const money = new Intl.NumberFormat("en-SG", {minimumFractionDigits: 2, maximumFractionDigits: 2});
  const round = new Intl.NumberFormat("en-SG", {notation: "compact"});

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--desk-${name}`).trim();

  /* Each series has a pattern of its own, so that nobody needs to tell colours apart. */
  const patterns = [
    (pen) => pen.fillRect(0, 0, 8, 8),
    (pen) => { pen.lineWidth = 3; pen.beginPath(); pen.moveTo(-2, 10); pen.lineTo(10, -2); pen.moveTo(-2, 2); pen.lineTo(2, -2); pen.moveTo(6, 10); pen.lineTo(10, 6); pen.stroke(); },
    (pen) => { pen.fillRect(0, 0, 8, 3); },
    (pen) => { pen.beginPath(); pen.arc(4, 4, 2.5, 0, 7); pen.fill(); },
    (pen) => { pen.fillRect(0, 0, 3, 8); },
  ];
  const colours = ["green", "blue", "amber", "red", "quiet"];

  const filled = (number) => {
    const tile = document.createElement("canvas");
    tile.width = tile.height = 8;
    const pen = tile.getContext("2d");
    pen.fillStyle = pen.strokeStyle = colour(colours[number % colours.length]);
    patterns[number % patterns.length](pen);
    return pen.createPattern(tile, "repeat");
  };

  const series = (told) => told.series.map((one, number) => {
    if (told.kind === "days") {
      const strong = colour("blue");
      return {
        label: one.name, data: one.values, maxBarThickness: 44, borderRadius: 3, borderWidth: 1, borderColor: strong,
        backgroundColor: one.values.map((_, place) => told.strong.includes(place) ? strong : `${strong}40`),
      };
    }
    return {
      label: one.name, data: one.values, maxBarThickness: 26, borderWidth: 1,
      borderColor: colour(colours[number % colours.length]), backgroundColor: filled(number),
    };
  });

  const options = (told) => {
    const text = {color: colour("quiet"), font: {size: 12}};
    const along = {ticks: {...text, maxRotation: 0, autoSkip: told.kind === "days"}, grid: {display: false}, stacked: true};
    const up = {
      ticks: {...text, maxTicksLimit: 5, callback: (value) => round.format(value)}, beginAtZero: true, stacked: true,
      grid: {color: colour("line")}, border: {display: false},
    };
    const isPeople = told.kind === "people";
    return {
      responsive: true, maintainAspectRatio: false, animation: false, indexAxis: isPeople ? "y" : "x",
      font: {family: getComputedStyle(document.body).fontFamily},
      scales: isPeople ? {x: up, y: along} : {x: along, y: up},
      onClick: (_, hit) => { if (hit.length && told.links[hit[0].index]) window.location = told.links[hit[0].index]; },
      onHover: (event, hit) => { event.native.target.style.cursor = hit.length ? "pointer" : ""; },
      interaction: {mode: "index", intersect: false, axis: isPeople ? "y" : "x"},
      plugins: {
        legend: {display: told.series.length > 1, position: "bottom", labels: {...text, boxWidth: 16, boxHeight: 12}},
        tooltip: {
          callbacks: {
            title: (hit) => told.titles[hit[0].dataIndex],
            label: (hit) => `${hit.dataset.label}: S$${money.format(hit.raw)}`,
            footer: (hit) => told.notes[hit[0].dataIndex],
          },
        },
      },
    };
  };

  const draw = () => {
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    for (const canvas of document.querySelectorAll("canvas[data-chart]")) {
      const told = JSON.parse(document.getElementById(canvas.dataset.chart).textContent);
      drawn.get(canvas)?.destroy();
      drawn.set(canvas, new Chart(canvas, {type: "bar", data: {labels: told.labels, datasets: series(told)}, options: options(told)}));
    }
  };

  draw();
  new MutationObserver(draw).observe(document.documentElement, {attributeFilter: ["class"]});  // day and night
})();
