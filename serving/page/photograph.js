// A file becomes what is shown and what is sent.

export class PhotographError extends Error {}

// JPEG and PNG up to this size go as they are, so that the page's answer is that of any other client. Larger
// ones, and kinds that the model does not decode (WebP, AVIF, HEIC where the browser has it), are drawn smaller
// first: a phone's 12 megapixels would take long to upload, and the net looks at a few hundred pixels.
const MOST_BYTES = 4 * 2 ** 20;
const MOST_PIXELS = 16e6;
const SHORTER_SIDE = 1024; // twice the paper's largest Q
const LONGER_SIDE = 8192; // a canvas may not be larger in some browsers
const QUALITY = 0.95;

// The first picture among what was pasted or dropped.
export function fromTransfer(transfer) {
  const files = [...(transfer?.files ?? [])];
  return { file: files.find((file) => file.type.startsWith("image/")) ?? files[0] };
}

// {name, address for <img>, width, height as they are shown, base64 of what is sent, note}
export async function prepare(file) {
  const address = URL.createObjectURL(file);
  const image = new Image();
  image.src = address;
  try {
    await image.decode();
  } catch {
    URL.revokeObjectURL(address);
    throw new PhotographError(`${file.name || "This"} is no picture that can be read, or a damaged one. A JPEG or PNG can be.`);
  }
  const { naturalWidth: width, naturalHeight: height } = image;
  const smaller = (await mayGoAsItIs(file, width * height)) ? null : await drawn(image);
  const note = smaller ? `, sent as ${smaller.width} × ${smaller.height}` : "";
  return { name: file.name || "pasted", address, width, height, base64: await base64(smaller?.blob ?? file), note };
}

async function mayGoAsItIs(file, pixels) {
  const start = new Uint8Array(await file.slice(0, 4).arrayBuffer());
  const begins = (...bytes) => bytes.every((byte, at) => start[at] === byte);
  const decodable = begins(0xff, 0xd8, 0xff) || begins(0x89, 0x50, 0x4e, 0x47);
  return decodable && file.size <= MOST_BYTES && pixels <= MOST_PIXELS;
}

// As it is shown: turned as EXIF says, transparent parts white.
async function drawn(image) {
  const { naturalWidth: width, naturalHeight: height } = image;
  const scale = Math.min(1, SHORTER_SIDE / Math.min(width, height), LONGER_SIDE / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const context = canvas.getContext("2d");
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
  if (!blob) throw new PhotographError("This picture is too large for the browser to scale down.");
  return { blob, width: canvas.width, height: canvas.height };
}

async function base64(blob) {
  const reader = new FileReader();
  await new Promise((resolve, reject) => {
    reader.onload = resolve;
    reader.onerror = () => reject(new PhotographError("The file cannot be read; was it moved?"));
    reader.readAsDataURL(blob);
  });
  return reader.result.slice(reader.result.indexOf(",") + 1);
}
