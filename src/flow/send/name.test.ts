import assert from "node:assert/strict";
import { test } from "node:test";
import { TAG } from "../../core/flow/tags.ts";
import { remoteNames, urls } from "./name.ts";

const tagsOf = (basename: string) =>
  new Map<string, string>([
    [TAG.basename, basename],
    [TAG.dirname, "incoming"],
    [TAG.uid, "0123"],
  ]);

test("a name brings no line break into a protocol, no directory and no time of its own", () => {
  const name = remoteNames("{ORIGINAL_DIRNAME}/{ORIGINAL_BASENAME}");
  assert.equal(name(tagsOf("a\r\nDELE b")), "incoming/a__DELE b");
  assert.equal(name(tagsOf("../../x")), "incoming/.._.._x");
  assert.equal(name(tagsOf("my%dfile")), "incoming/my%dfile");
});

test("in a URL every byte of a name that means something there is escaped, also one that is no UTF-8", () => {
  const url = urls("http://h/in/{ORIGINAL_BASENAME}?uid={ORIGINAL_UID}");
  assert.equal(url(tagsOf("a b&c?#%41/é")), "http://h/in/a%20b%26c%3F%23%2541_%C3%A9?uid=0123");
  assert.equal(url(tagsOf("\udcff")), "http://h/in/%FF?uid=0123");
});
