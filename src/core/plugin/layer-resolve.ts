import type { Diagnostic } from "../base/diagnostic.ts";
import { failure, type Result, success } from "../base/result.ts";
import { suggest } from "../base/suggest.ts";
import type { Layer } from "./types.ts";

/** Layers by label and by home; the first of a label wins. */
type LayerIndex = ReadonlyMap<string, Layer>;

const INDEXES = new WeakMap<readonly Layer[], LayerIndex>();

/**
 * Finds a layer and all it needs, in the order in which they are applied: what a layer needs, the layer, then what it
 * would like to have. Something optional that is missing, cyclic or in conflict is left out silently (as layerapi2 does).
 * `label` may be an absolute home.
 */
export function resolveLayers(label: string, layers: readonly Layer[]): Result<readonly Layer[]> {
  const index = indexOf(layers);
  const layer = index.get(label);
  if (layer === undefined) {
    return failure({ code: "MF3010", severity: "error", message: `no layer ${label} is installed` });
  }
  return resolveLayer(layer, layers);
}

/** As resolveLayers, for a layer that need not be among the installed ones. */
export function resolveLayer(layer: Layer, layers: readonly Layer[]): Result<readonly Layer[]> {
  const order: Layer[] = [];
  const notes = add(layer, [], order, indexOf(layers));
  return notes.length > 0 ? failure(...notes) : success(order);
}

function indexOf(layers: readonly Layer[]): LayerIndex {
  const known = INDEXES.get(layers);
  if (known !== undefined) return known;
  const index = new Map<string, Layer>();
  for (const layer of layers) {
    if (!index.has(layer.label)) index.set(layer.label, layer);
    if (!index.has(layer.home)) index.set(layer.home, layer);
  }
  INDEXES.set(layers, index);
  return index;
}

function add(layer: Layer, chain: readonly Layer[], order: Layer[], index: LayerIndex): readonly Diagnostic[] {
  if (order.includes(layer)) return [];
  const path = [...chain, layer];
  const notes: Diagnostic[] = [];
  for (const need of layer.needs) {
    if (need.optional) continue;
    const wanted = index.get(need.label);
    if (wanted === undefined) notes.push(missing(layer, need, index));
    else if (path.includes(wanted)) notes.push(cycle(need, [...path.slice(path.indexOf(wanted)), wanted]));
    else notes.push(...add(wanted, path, order, index));
  }
  const rival = order.find((other) => other.conflicts.includes(layer.label) || layer.conflicts.includes(other.label));
  if (rival !== undefined) notes.push(conflict(layer, rival, path[0] ?? layer));
  if (notes.length > 0) return notes;

  order.push(layer);
  for (const need of layer.needs) {
    const wanted = need.optional ? index.get(need.label) : undefined;
    if (wanted === undefined || chain.includes(wanted)) continue;
    const trial = [...order];
    if (add(wanted, chain, trial, index).length === 0) order.splice(0, order.length, ...trial);
  }
  return [];
}

function missing(layer: Layer, need: Layer["needs"][number], index: LayerIndex): Diagnostic {
  const labels = [...index.keys()].filter((key) => !key.startsWith("/"));
  const near = suggest(need.label, labels);
  return {
    code: "MF3011",
    severity: "error",
    message: `${layer.label} needs the layer ${need.label}, which is not installed`,
    ...(need.at === undefined ? {} : { at: need.at }),
    fix:
      near === undefined
        ? `install it, or write \`-${need.label}\` when it can do without`
        : `did you mean \`${near}\`?`,
  };
}

function cycle(need: Layer["needs"][number], round: readonly Layer[]): Diagnostic {
  return {
    code: "MF3012",
    severity: "error",
    message: `layers need each other in a circle: ${round.map((layer) => layer.label).join(" -> ")}`,
    ...(need.at === undefined ? {} : { at: need.at }),
    fix: "take one of these dependencies away, or make it optional with a leading `-`",
  };
}

function conflict(layer: Layer, rival: Layer, root: Layer): Diagnostic {
  const at = root.needs.find((need) => need.label === layer.label || need.label === rival.label)?.at;
  return {
    code: "MF3013",
    severity: "error",
    message: `${layer.label} and ${rival.label} cannot be used together, but ${root.label} needs both`,
    ...(at === undefined ? {} : { at }),
    fix: "remove one of them from the dependencies",
  };
}
