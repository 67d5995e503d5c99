const recording = JSON.parse(document.getElementById("recording").textContent);
const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 1000;

function make(kind, className, text) {
  const element = document.createElement(kind);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

function shape(kind, className, attributes) {
  const element = document.createElementNS(SVG, kind);
  element.setAttribute("class", className);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function place(at) {
  return recording.length ? ((at - recording.began) / recording.length) * WIDTH : 0;
}

function bar(className, from, to) {
  return shape("rect", className, { x: place(from), y: 4, height: 8, width: Math.max(1, place(to) - place(from)) });
}

function mark(className, at) {
  return shape("line", className, { x1: place(at), x2: place(at), y1: 2, y2: 14 });
}

function picture(row) {
  const svg = shape("svg", "", { viewBox: `0 0 ${WIDTH} 16`, preserveAspectRatio: "none" });
  const works = row.job ? row.started ?? row.ended : row.began;
  if (works > row.began) svg.append(bar("wait", row.began, works));
  if (row.ended > works || !row.job) svg.append(bar("work", works, row.ended));
  for (const at of row.outputs) svg.append(mark("value", at));
  svg.append(mark(`end ${row.outcome}`, row.ended));
  return svg;
}

function events(row) {
  const box = make("div", "events");
  if (row.remark) box.append(make("p", row.outcome === "failed" ? "failed-text" : "", row.remark));
  for (const moment of row.moments) {
    const details = make("details");
    details.append(make("summary", "", `${moment.at.toFixed(3)} s  ${moment.kind}`));
    if (moment.value !== null) details.append(make("pre", "", JSON.stringify(moment.value, null, 2)));
    box.append(details);
  }
  return box;
}

function line(row, number) {
  const button = make("button", `row ${row.job ? "job" : "request"}`);
  button.id = `row-${number}`;
  button.setAttribute("aria-expanded", "false");
  const session = row.session ? `  #${row.session}` : "";
  button.append(make("span", "name", row.name + session), picture(row));
  button.append(make("span", "took", `${(row.ended - row.began).toFixed(2)} s`));
  button.title = `${row.name}: ${row.outcome}`;
  button.addEventListener("click", () => {
    const open = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!open));
    if (open) button.nextElementSibling.remove();
    else button.after(events(row));
  });
  return button;
}

document.querySelector("h1").textContent = recording.title;
for (const said of recording.about) document.getElementById("about").append(make("p", "", said));
recording.rows.forEach((row, number) => document.getElementById("rows").append(line(row, number + 1)));
