import assert from "node:assert/strict";
import { test } from "node:test";
import { type Recognition, recognise } from "./recognise.ts";

function given(argv: readonly string[], more: Partial<Recognition> = {}): Recognition {
  return { argv, label: "plugin_x@mfdata", settings: {}, noMatch: { policy: "delete", originalName: false }, ...more };
}

const STANDARD = ["--failure-policy=keep", "--step-name=main", "--redis-unix-socket-path=/r", "step.x.main"];
const SWITCH_MAIN = { plugin: "switch", step: "main" };
const GUESS = { do: "guess_file_type", to: SWITCH_MAIN, headerLength: 60, sizeTag: true, customOnly: false };

const builtins: readonly (readonly [title: string, recognition: Recognition, work: unknown])[] = [
  [
    "archive with its defaults",
    given(["archive_step", "--dest-dir=/a/./b/", ...STANDARD]),
    { do: "archive", directory: "/a/b/", basename: "{ORIGINAL_UID}", tagsSuffix: ".tags" },
  ],
  [
    "archive, options with and without `=`",
    given([
      "/opt/bin/archive_step",
      "--dest-dir",
      "/a",
      "--dest-basename=%Y/{ORIGINAL_BASENAME}",
      "--force-chmod=0640",
      "--keep-tags-suffix=null",
    ]),
    { do: "archive", directory: "/a", basename: "%Y/{ORIGINAL_BASENAME}", chmod: 0o640, tagsSuffix: "" },
  ],
  [
    "move to a directory drops the tags",
    given(["move_step", "--dest-dir=/out", "--force-chmod=", "--drop-tag=AUTO"]),
    { do: "move", to: { to: "directory", path: "/out" }, basename: "{ORIGINAL_UID}", dropTags: true },
  ],
  [
    "move to a step keeps them",
    given(["move_step", "--dest-dir=p-1/s_1"]),
    {
      do: "move",
      to: { to: "step", step: { plugin: "p-1", step: "s_1" } },
      basename: "{ORIGINAL_UID}",
      dropTags: false,
    },
  ],
  ["delete", given(["delete_step", ...STANDARD]), { do: "delete" }],
  [
    "copy to several steps, each once",
    given(["copy_step", "--dest-dirs=a/main, b-1/s*,a/main", ...STANDARD]),
    {
      do: "copy",
      to: [
        { plugin: "a", step: "main", hardlink: false },
        { plugin: "b-1", step: "s", hardlink: true },
      ],
    },
  ],
  [
    "switch, policy from the module",
    given(["switch_step", "--rules-file=/r.ini"], { noMatch: { policy: "keep", originalName: true } }),
    { do: "switch", noMatch: "keep", noMatchOriginalName: true, rules: [] },
  ],
  [
    "switch, policy of its own",
    given(["switch_step", "--no-match-policy=keep"]),
    { do: "switch", noMatch: "keep", noMatchOriginalName: false, rules: [] },
  ],
  [
    "guess_file_type",
    given(["guess_file_type_step", "--dest-dir=switch/main", "--magic-custom-file=", ...STANDARD]),
    GUESS,
  ],
  [
    "the predecessor's guess_file_type, by its label and settings",
    given(["/plugins/g/main.py", "--dest-dir=switch/main"], {
      label: "plugin_guess_file_type@mfdata",
      settings: {
        CUSTOM_MAGIC_CUSTOM_FILE: "/m",
        CUSTOM_MAGIC_USE_CUSTOM_ONLY: "1",
        CUSTOM_ASCII_HEADER_MAX_LENGTH: "10",
        CUSTOM_ADD_SIZE_TAG: "0",
      },
    }),
    { ...GUESS, headerLength: 10, sizeTag: false, customMagic: "/m", customOnly: true },
  ],
];
for (const [title, recognition, work] of builtins) {
  test(title, () => assert.deepEqual(recognise(recognition), { kind: "builtin", work }));
}

test("a program of the plugin's own is custom", () => {
  for (const argv of [
    ["/plugins/x/main.py", "--dest-dir=switch/main"],
    ["fork_step", "--dest-dir=a/b", "--command-template=cat {PATH}"],
    ["unxz_step", "--dest-dir=a/b"],
    ["bash", "-c", "archive_step"],
    [],
  ]) {
    assert.deepEqual(recognise(given(argv)), { kind: "custom" });
  }
});

const wrong: readonly (readonly [argv: readonly string[], message: RegExp])[] = [
  [["archive_step"], /absolute directory/],
  [["archive_step", "--dest-dir=a/b"], /absolute directory/],
  [["archive_step", "--dest-dir=/a", "--force-chmod=rwx"], /octal/],
  [["move_step", "--dest-dir=a"], /plugin\/step/],
  [["move_step", "--dest-dir=FIXME/.."], /plugin\/step/],
  [["guess_file_type_step", "--dest-dir=/a"], /plugin\/step/],
  [["copy_step", "--dest-dirs=FIXME"], /plugin2\/step2/],
  [["copy_step", "--dest-dirs=a/b,c"], /plugin2\/step2/],
  [["copy_step"], /plugin2\/step2/],
  [["fork_step", "--dest-dir=a/b", "--command-template=FIXME"], /\{PATH\}/],
  [["ungzip_step", "--dest-dir=FIXME"], /plugin\/step/],
  [["reinject_step", "--retry-total=3"], /plugin\/step/],
];
for (const [argv, message] of wrong) {
  test(`${argv.join(" ")} is wrong`, () => {
    const recognised = recognise(given(argv));
    assert.equal(recognised.kind, "wrong");
    if (recognised.kind === "wrong") assert.match(recognised.message, message);
  });
}
