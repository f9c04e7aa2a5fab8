import { suggest } from "../../../core/base/suggest.ts";
import { variantScore } from "../../../core/config/merge.ts";
import type { Finding, ModuleCheck } from "../types.ts";
import { couldNotLook, fromDiagnostic } from "./findings.ts";

const ABOUT_LAYERS = /^MF301\d$/;
/** Told by checks of their own. */
const TOLD_ELSEWHERE = ["MF4001", "MF4008", "MF4020"];

export const layers: ModuleCheck = {
  id: "layers",
  title: "layers of the plugins are installed",
  looksInto: ["plugins"],
  run: ({ notes, config }) =>
    config.ok
      ? notes.filter(({ code }) => ABOUT_LAYERS.test(code)).map(fromDiagnostic)
      : [couldNotLook(`the plugins are not read while ${config.reason}`)],
};

export const configuration: ModuleCheck = {
  id: "configuration",
  title: "configuration and plugins make sense",
  looksInto: ["config", "pluginOverrides", "plugins"],
  run: ({ notes }) =>
    notes.filter(({ code }) => !ABOUT_LAYERS.test(code) && !TOLD_ELSEWHERE.includes(code)).map(fromDiagnostic),
};

export const variants: ModuleCheck = {
  id: "variants",
  title: "the configuration's name is used",
  looksInto: ["config", "plugins"],
  run: ({ variants: { file, present, name, fromFile, used } }): readonly Finding[] => {
    if (!present.ok) return [couldNotLook(present.reason, file)];
    const listed = [...used.keys()].join(", ");
    if (fromFile && !present.value) {
      const [first] = used;
      if (first === undefined) return [];
      return [
        {
          state: "WARNING",
          place: file,
          message: `it is missing, so no line for ${listed} applies (the first is ${first[1]})`,
          fix: `\`echo ${first[0]} | sudo tee ${file}\``,
        },
      ];
    }
    if (name === "GENERIC" || [...used.keys()].some((variant) => variantScore(variant, name) > 0)) return [];
    const near = suggest(name, used.keys());
    return [
      {
        state: "WARNING",
        place: fromFile ? file : "MFCONFIG",
        message: `the name ${name} is used by no configuration file${listed === "" ? "" : `; those used: ${listed}`}`,
        fix: near === undefined ? "correct the name, or remove it" : `did you mean \`${near}\`?`,
      },
    ];
  },
};
