// A photo as it is sent: its long edge at most `edge` pixels, upright, and without what the camera wrote into it
// (the place among other things). What the browser cannot draw, or what is no picture, stays as it is.
const QUALITY = 0.85;

export const shrunk = async (file, edge) => {
  if (!file.type.startsWith("image/") || ["image/gif", "image/svg+xml"].includes(file.type)) return file;
  let picture;
  try {
    picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    return file;
  }
  const scale = Math.min(1, edge / Math.max(picture.width, picture.height));
  const canvas = Object.assign(document.createElement("canvas"), {
    width: Math.max(1, Math.round(picture.width * scale)),
    height: Math.max(1, Math.round(picture.height * scale)),
  });
  const surface = canvas.getContext("2d");
  surface.fillStyle = "#ffffff"; // JPEG has no transparency
  surface.fillRect(0, 0, canvas.width, canvas.height);
  surface.imageSmoothingQuality = "high";
  surface.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
  return blob ?? file;
};
