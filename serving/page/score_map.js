// A score map's places on the photograph, and its picture.

const STRIDE = 32; // of the net: five poolings
const LONGEST = 640; // pixels of the drawn picture

// Viridis of Matplotlib, ten of its colours: as light as the value is high, also for the colour-blind.
export const COLOURS = [
  [68, 1, 84], [72, 40, 120], [62, 73, 137], [49, 104, 142], [38, 130, 142],
  [31, 158, 137], [53, 183, 121], [110, 206, 88], [181, 222, 43], [253, 231, 37],
];

class Axis {
  // `places` windows along a side of the photograph; their distance and length are shares of the side.
  constructor(places, step, cut) {
    Object.assign(this, { places, step, cut });
  }

  // Of a position 0..1 along the side: the place whose window's centre is there, a fraction in between.
  place(position) {
    return Math.min(Math.max((position - this.cut / 2) / this.step, 0), this.places - 1);
  }
}

// Where the map of one Q lies on a photograph of {width, height}.
export function axes({ q, scores }, { width, height }) {
  const places = [scores.length, scores[0].length];
  const pixels = [height, width].map((side) => Math.round((side * q) / Math.min(width, height)));
  // fc6 looks at a window of several cells, and so many less one are missing of each side's Q / 32 places.
  const cells = pixels.map((side) => Math.floor(side / STRIDE));
  const cut = cells[0] - places[0] + 1;
  const fits = cut > 0 && cells[1] - places[1] + 1 === cut;
  // A map that does not fit, because the server scaled otherwise, is stretched over the photograph.
  return [0, 1].map((i) =>
    fits
      ? new Axis(places[i], STRIDE / pixels[i], (STRIDE * cut) / pixels[i])
      : new Axis(places[i], 1 / places[i], 1 / places[i]),
  );
}

export function range(maps, index) {
  const all = maps.flatMap(({ scores }) => scores.flat().map((place) => place[index])).filter(Number.isFinite);
  return [Math.min(...all), Math.max(...all)];
}

// Draws class `index` of one map; between the places' centres in a straight line where `smooth`.
export function draw(canvas, map, index, [lowest, highest], photograph, smooth) {
  const [vertical, horizontal] = axes(map, photograph);
  const scale = LONGEST / Math.max(photograph.width, photograph.height);
  canvas.width = Math.max(1, Math.round(photograph.width * scale));
  canvas.height = Math.max(1, Math.round(photograph.height * scale));
  const rows = weights(vertical, canvas.height, smooth);
  const columns = weights(horizontal, canvas.width, smooth);
  const context = canvas.getContext("2d");
  const picture = context.createImageData(canvas.width, canvas.height);
  let at = 0;
  for (const [top, bottom, down] of rows) {
    for (const [left, right, across] of columns) {
      const upper = mix(map.scores[top][left][index], map.scores[top][right][index], across);
      const lower = mix(map.scores[bottom][left][index], map.scores[bottom][right][index], across);
      const share = highest > lowest ? (mix(upper, lower, down) - lowest) / (highest - lowest) : 0.5;
      picture.data.set(colour(share), at);
      at += 4;
    }
  }
  context.putImageData(picture, 0, 0);
}

export function colour(share) {
  if (!Number.isFinite(share)) return [0, 0, 0, 0];
  const place = Math.min(Math.max(share, 0), 1) * (COLOURS.length - 1);
  const below = Math.min(Math.floor(place), COLOURS.length - 2);
  const channels = COLOURS[below].map((low, i) => Math.round(mix(low, COLOURS[below + 1][i], place - below)));
  return [...channels, 255];
}

function weights(axis, pixels, smooth) {
  return Array.from({ length: pixels }, (_, pixel) => {
    const place = axis.place((pixel + 0.5) / pixels);
    if (!smooth) return [Math.round(place), Math.round(place), 0];
    const before = Math.floor(place);
    return [before, Math.min(before + 1, axis.places - 1), place - before];
  });
}

function mix(a, b, share) {
  return a + (b - a) * share;
}
