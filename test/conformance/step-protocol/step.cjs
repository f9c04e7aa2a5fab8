const { readFileSync, writeFileSync } = require("node:fs");
const { run } = require("metwork-step");

run((file) => {
  const wanted = readFileSync(file.path, "utf8");
  if (wanted === "tag") file.setTag("colour", "blue");
  else if (wanted === "pass") file.emit("archive/main");
  else if (wanted === "make") {
    const path = file.temporaryPath();
    writeFileSync(path, "made");
    file.emit("archive/main", { path });
  } else throw new Error("it is not wanted");
});
