const recording = JSON.parse(document.getElementById("recording").textContent);
const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 1000;

function createElement(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

function createShape(tag, className, attributes) {
  const element = document.createElementNS(SVG, tag);
  element.setAttribute("class", className);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function toX(seconds) {
  return recording.duration ? ((seconds - recording.startedAt) / recording.duration) * WIDTH : 0;
}

function createBar(className, from, to) {
  const width = Math.max(1, toX(to) - toX(from));
  return createShape("rect", className, { x: toX(from), y: 4, height: 8, width });
}

function createMark(className, seconds) {
  return createShape("line", className, { x1: toX(seconds), x2: toX(seconds), y1: 2, y2: 14 });
}

function createPicture(row) {
  const svg = createShape("svg", "", { viewBox: `0 0 ${WIDTH} 16`, preserveAspectRatio: "none" });
  const workFrom = row.isJob ? row.processingAt ?? row.endedAt : row.startedAt;
  if (workFrom > row.startedAt) svg.append(createBar("wait", row.startedAt, workFrom));
  if (row.endedAt > workFrom || !row.isJob) svg.append(createBar("work", workFrom, row.endedAt));
  for (const seconds of row.partialResults) svg.append(createMark("value", seconds));
  svg.append(createMark(`end ${row.outcome}`, row.endedAt));
  return svg;
}

function createEvents(row) {
  const box = createElement("div", "events");
  const failed = row.outcome === "failed";
  if (row.remark) box.append(createElement("p", failed ? "failed-text" : "", row.remark));
  for (const event of row.events) {
    const details = createElement("details");
    details.append(createElement("summary", "", `${event.seconds.toFixed(3)} s  ${event.kind}`));
    if (event.value !== null) {
      details.append(createElement("pre", "", JSON.stringify(event.value, null, 2)));
    }
    box.append(details);
  }
  return box;
}

function createRow(row, number) {
  const button = createElement("button", `row ${row.isJob ? "job" : "request"}`);
  button.id = `row-${number}`;
  button.setAttribute("aria-expanded", "false");
  const session = row.session ? `  #${row.session}` : "";
  button.append(createElement("span", "name", row.name + session), createPicture(row));
  button.append(createElement("span", "took", `${(row.endedAt - row.startedAt).toFixed(2)} s`));
  button.title = `${row.name}: ${row.outcome}`;
  button.addEventListener("click", () => {
    const expanded = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!expanded));
    if (expanded) button.nextElementSibling.remove();
    else button.after(createEvents(row));
  });
  return button;
}

document.querySelector("h1").textContent = recording.title;
const about = document.getElementById("about");
for (const line of recording.about) about.append(createElement("p", "", line));
const rows = document.getElementById("rows");
recording.rows.forEach((row, index) => rows.append(createRow(row, index + 1)));
