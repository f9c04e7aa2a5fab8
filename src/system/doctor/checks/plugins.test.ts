import { facts, host, note, ok, testRows, unseen, web } from "../../../../test/support/doctor.ts";
import type { ModuleFacts } from "../types.ts";

const variants = (over: Partial<ModuleFacts["variants"]>): ModuleFacts =>
  web({ variants: { ...facts("mfserv").variants, ...over } });

testRows(
  ["configuration", "layers", "variants"],
  [
    [
      "a mistake",
      "configuration",
      web({ notes: [note("MF2001", "no such option")] }),
      host(),
      "ERROR",
      /config\.ini:3:1.*no such option.*mend it/s,
    ],
    ["a missing layer", "layers", web({ notes: [note("MF3011", "p needs the layer x@y")] }), host(), "ERROR", /x@y/],
    ["layers of plugins that were not read", "layers", web({ config: unseen }), host(), "UNKNOWN", /locked/],
    [
      "a layer is not a mistake of the configuration",
      "configuration",
      web({ notes: [note("MF3011", "x")] }),
      host(),
      "-",
      /^$/,
    ],
    [
      "no file though there are variants",
      "variants",
      variants({ present: ok(false), used: new Map([["DEV", "/c.ini:4:1"]]) }),
      host(),
      "WARNING",
      /DEV.*c\.ini:4:1.*echo DEV/s,
    ],
    ["no file and no variants", "variants", variants({ present: ok(false) }), host(), "-", /^$/],
    [
      "a name nobody uses",
      "variants",
      variants({ name: "PORD", used: new Map([["PROD", "/c.ini:4:1"]]) }),
      host(),
      "WARNING",
      /PORD.*did you mean `PROD`/s,
    ],
    [
      "a name used by its prefix",
      "variants",
      variants({ name: "PROD_PARIS", used: new Map([["PROD", "/c:1:1"]]) }),
      host(),
      "-",
      /^$/,
    ],
    [
      "a name from the environment",
      "variants",
      variants({ name: "X", fromFile: false }),
      host(),
      "WARNING",
      /MFCONFIG/,
    ],
    [
      "a file that may not be read",
      "variants",
      variants({ present: unseen }),
      host(),
      "UNKNOWN",
      /metwork\.config.*locked/s,
    ],
  ],
);
