import type { OptionSection } from "../../config/option.ts";
import type { ModuleName } from "../paths.ts";
import { MFDATA_SECTIONS } from "./mfdata.ts";
import { MFSERV_SECTIONS } from "./mfserv.ts";

/** All options of a module, by section, in the order of its file and reference. */
export const MODULE_OPTIONS: Readonly<Record<ModuleName, readonly OptionSection[]>> = {
  mfdata: MFDATA_SECTIONS,
  mfserv: MFSERV_SECTIONS,
};
