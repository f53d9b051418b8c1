// Files that are to be sent, kept by the browser (IndexedDB) until the form they belong to has arrived: they
// outlive a reload, a sign-out, an empty battery. Where the browser keeps nothing, every call does nothing.
//
// A file: { key, form, reader, at, name, blob, shrunk, id }; `id` is the upload's number once the server has it.
const KEPT_FOR = 14 * 86400_000;

const opened = new Promise((done) => {
  try {
    const request = indexedDB.open("deskbell", 1);
    request.addEventListener("upgradeneeded", () => request.result.createObjectStore("files", { keyPath: "key" }));
    request.addEventListener("success", () => done(request.result));
    request.addEventListener("error", () => done(null));
    request.addEventListener("blocked", () => done(null));
  } catch {
    done(null);
  }
});

// the answer of one request, once its transaction is safely on the disk; null when it did not work
const ask = async (mode, act) => {
  const box = await opened;
  if (!box) return null;
  return new Promise((done) => {
    try {
      const work = box.transaction("files", mode);
      const request = act(work.objectStore("files"));
      work.addEventListener("complete", () => done(request.result));
      for (const name of ["error", "abort"]) work.addEventListener(name, () => done(null));
    } catch {
      done(null);
    }
  });
};

export const keepFile = (file) => ask("readwrite", (files) => files.put(file));
export const dropFile = (key) => ask("readwrite", (files) => files.delete(key));

export const dropFilesOf = (forms, reader) =>
  ask("readwrite", (files) => {
    const walk = files.openCursor();
    walk.addEventListener("success", () => {
      const at = walk.result;
      if (!at) return;
      if (forms.includes(at.value.form) && at.value.reader === reader) at.delete();
      at.continue();
    });
    return walk;
  });

// What `reader` put into the form named `form`, oldest first. What nobody came back for is thrown away.
export const filesOf = async (form, reader) => {
  const all = (await ask("readonly", (files) => files.getAll())) ?? [];
  const old = all.filter((file) => !(file.at > Date.now() - KEPT_FOR));
  await Promise.all(old.map((file) => dropFile(file.key)));
  return all
    .filter((file) => file.form === form && file.reader === reader && !old.includes(file))
    .sort((one, other) => one.at - other.at);
};
