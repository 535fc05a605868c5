// The boxes of the best classes over the photograph, of a model that localises.

const part = (id) => document.getElementById(id);
const length = (share) => `${100 * share}%`;

// Okabe and Ito's, as in the pictures of `vgg predict --boxes`: told apart by the colour-blind too.
export const COLOURS = ["#e69f00", "#56b4e9", "#00b58b", "#f0e442", "#f08cc0"];

export function clearBoxes() {
  part("boxes").replaceChildren();
  part("box-words").hidden = true;
}

// All boxes, the chosen class's on top, thick and with its name.
export function showBoxes({ width, height }, { classes, boxes }, chosen) {
  clearBoxes();
  if (!boxes.length) return;
  const last = [...boxes.keys()].reverse().filter((index) => index !== chosen);
  part("boxes").append(...[...last, chosen].map((index) => drawn(boxes[index], classes[index], index, index === chosen)));
  const [left, top, right, bottom] = boxes[chosen].map((share, side) => Math.round(share * (side % 2 ? height : width)));
  part("box-words").textContent = `Box of ${classes[chosen]}: from ${left}, ${top} to ${right}, ${bottom} pixels.`;
  part("box-words").hidden = false;
}

function drawn([left, top, right, bottom], name, index, isChosen) {
  const box = document.createElement("div");
  box.className = isChosen ? "box chosen" : "box";
  Object.assign(box.style, {
    left: length(left), top: length(top), width: length(right - left), height: length(bottom - top),
    borderColor: COLOURS[index % COLOURS.length],
  });
  if (isChosen) box.append(label(name, index, { left, top }));
  return box;
}

// Above the box; within it where there is no room; to its left where it lies far to the right.
function label(name, index, { left, top }) {
  const words = document.createElement("span");
  words.textContent = name;
  words.style.background = COLOURS[index % COLOURS.length];
  words.className = `${top < 0.09 ? "within" : "above"} ${left > 0.6 ? "right" : "left"}`;
  return words;
}
