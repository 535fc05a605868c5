// Shows an answer: the classes with bars, and the chosen class's score maps over the photograph.

import { COLOURS as BOX_COLOURS, showBoxes } from "./boxes.js";
import { axes, COLOURS, draw, range } from "./score_map.js";

const part = (id) => document.getElementById(id);
const percent = (value) => `${(100 * value).toFixed(1)} %`;
const length = (share) => `${100 * share}%`;
const number = (value, digits = 1) => value.toFixed(digits).replace("-", "−");
let shown = null; // {photograph, answer, chosen}

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

export function show(photograph, answer, seconds) {
  if (shown && shown.photograph.address !== photograph.address) URL.revokeObjectURL(shown.photograph.address);
  shown = { photograph, answer, chosen: 0 };
  const { name, width, height, note } = photograph;
  part("facts").textContent = `${name}, ${width} × ${height}${note}. Answered in ${seconds.toFixed(2)} s.`;
  part("classes").querySelector("legend").textContent =
    `The ${["", "", "two ", "three ", "four ", "five "][answer.classes.length] ?? ""}best class${answer.classes.length > 1 ? "es" : ""}`;
  part("choices").replaceChildren(...answer.classes.map(choice));
  part("maps").hidden = !answer.maps.length;
  part("hint").textContent = answer.maps.length
    ? "Choose a class to see where the network finds it."
    : "This model gives no score maps; a newly pushed one does.";
  if (answer.maps.length) showMaps();
  showBoxes(photograph, answer, 0);
}

function choice(name, index) {
  const value = shown.answer.probabilities[index];
  const input = element("input", { type: "radio", name: "class", value: index, checked: index === 0 });
  input.addEventListener("change", () => {
    shown.chosen = index;
    if (shown.answer.maps.length) showMaps();
    showBoxes(shown.photograph, shown.answer, index);
  });
  const fill = element("span", { className: "fill" });
  fill.style.width = length(value);
  const track = element("span", { className: "track", ariaHidden: "true" }, fill);
  const words = element("span", { className: "name" }, name);
  if (shown.answer.boxes.length) {
    const swatch = element("span", { className: "swatch", ariaHidden: "true" });
    swatch.style.background = BOX_COLOURS[index % BOX_COLOURS.length];
    words.prepend(swatch);
  }
  return element("label", { className: "choice" }, input, words, element("span", { className: "value" }, percent(value)), track);
}

function showMaps() {
  const { answer, chosen } = shown;
  const scale = range(answer.maps, chosen);
  part("maps-title").textContent = `Where the network finds ${answer.classes[chosen]}`;
  showLegend(scale);
  part("figures").replaceChildren(...answer.maps.map((map) => figure(map, scale)));
  part("tables").replaceChildren(...answer.maps.map(table));
}

function showLegend([lowest, highest]) {
  part("lowest").textContent = number(lowest);
  part("highest").textContent = number(highest);
  part("scale").style.background = `linear-gradient(to right, ${COLOURS.map((rgb) => `rgb(${rgb})`).join(", ")})`;
  part("legend-words").textContent =
    `Colours of the scores: dark violet is ${number(lowest)}, the lowest; bright yellow is ${number(highest)}, the highest.`;
}

function figure(map, scale) {
  const { photograph, answer, chosen } = shown;
  const canvas = element("canvas");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", described(map, answer.classes[chosen], chosen));
  canvas.style.opacity = part("opacity").value / 100;
  draw(canvas, map, chosen, scale, photograph, part("smooth").checked);
  const frame = element("div", { className: "frame", hidden: true });
  const picture = element("div", { className: "picture" }, element("img", { src: photograph.address, alt: "" }), canvas, frame);
  const readout = element("span", { className: "readout" });
  const [rows, columns] = [map.scores.length, map.scores[0].length];
  const caption = element("figcaption", {}, element("b", {}, `Q ${map.q}`), ` ${rows} × ${columns} place${rows * columns > 1 ? "s" : ""}`, readout);
  pointAt(picture, map, frame, readout);
  return element("figure", {}, picture, caption);
}

// The window that the place under the pointer saw, and its score.
function pointAt(picture, map, frame, readout) {
  const [vertical, horizontal] = axes(map, shown.photograph);
  const { chosen } = shown;
  const point = (event) => {
    const box = picture.getBoundingClientRect();
    const row = Math.round(vertical.place((event.clientY - box.top) / box.height));
    const column = Math.round(horizontal.place((event.clientX - box.left) / box.width));
    Object.assign(frame.style, {
      top: length(row * vertical.step), height: length(vertical.cut),
      left: length(column * horizontal.step), width: length(horizontal.cut),
    });
    frame.hidden = false;
    readout.textContent = `score ${number(map.scores[row][column][chosen], 2)}`;
  };
  picture.addEventListener("pointerdown", point);
  picture.addEventListener("pointermove", point);
  picture.addEventListener("pointerleave", (event) => {
    if (event.pointerType === "touch") return; // a finger leaves at once, and has hidden what it touched
    frame.hidden = true;
    readout.textContent = "";
  });
}

function described({ q, scores }, name, index) {
  const values = scores.flat().map((place) => place[index]);
  const best = values.indexOf(Math.max(...values));
  const [row, column] = [Math.floor(best / scores[0].length), best % scores[0].length];
  return `Score map of ${name} at Q ${q}: ${scores.length} rows by ${scores[0].length} columns, scores from ` +
    `${number(Math.min(...values))} to ${number(Math.max(...values))}, highest in row ${row + 1}, column ${column + 1}`;
}

function table({ q, scores }) {
  const caption = element("caption", {}, `Scores at Q ${q}, by row and column`);
  const head = element("tr", {}, element("td"), ...scores[0].map((_, i) => element("th", { scope: "col" }, `${i + 1}`)));
  const rows = scores.map((row, i) =>
    element("tr", {}, element("th", { scope: "row" }, `${i + 1}`),
      ...row.map((place) => element("td", {}, number(place[shown.chosen], 2)))));
  const made = element("table", {}, caption, element("thead", {}, head), element("tbody", {}, ...rows));
  const scroll = element("div", { className: "scroll", tabIndex: 0, role: "region" }, made);
  scroll.setAttribute("aria-label", `Scores at Q ${q}`);
  return scroll;
}

part("opacity").addEventListener("input", () => {
  for (const canvas of part("figures").querySelectorAll("canvas")) canvas.style.opacity = part("opacity").value / 100;
});
part("smooth").addEventListener("change", () => shown && showMaps());
