import { files, host, ok, plan, service, stopped, testRows, unseen, web } from "../../../../test/support/doctor.ts";

testRows(
  ["commands", "access", "leftovers"],
  [
    [
      "a command without x",
      "commands",
      web({ commands: [{ service: "app.p.a", program: "go", file: "/p/bin/go", plugin: "p" }] }),
      host(),
      "ERROR",
      /\/p\/bin\/go.*chmod \+x \/p\/bin\/go/s,
    ],
    [
      "a command that is nowhere",
      "commands",
      web({ commands: [{ service: "app.p.a", program: "go", place: "/p/config.ini:9:1" }] }),
      host(),
      "ERROR",
      /config\.ini:9:1.*no program go/s,
    ],
    ["commands nobody planned", "commands", web({ plan: unseen }), host(), "UNKNOWN", /locked/],
    [
      "rights",
      "access",
      web({
        access: [
          { path: "/rt/log", fault: "foreign", owner: 0 },
          { path: "/rt/config", fault: "world-writable" },
          { path: "/key", fault: "secret-readable" },
          { path: "/etc/x", fault: "unreadable" },
          { path: "/rt/tmp", fault: "unwritable" },
        ],
      }),
      host(),
      "ERROR ERROR WARNING ERROR ERROR",
      /chown -R op \/rt\/log.*chmod o-w.*chmod o-r.*a\+r.*u\+rwx/s,
    ],
    [
      "old generations",
      "leftovers",
      web({ stale: { generations: ["/rt/tmp/config_auto.d/x"], sockets: ok([]), claims: [] } }),
      host(),
      "WARNING",
      /rm -r \/rt\/tmp\/config_auto\.d\/x/,
    ],
    [
      "an old socket",
      "leftovers",
      web({ stale: { generations: [], sockets: ok(["/rt/var/app_old_main_1.socket"]), claims: [] } }),
      host(),
      "WARNING",
      /rm \/rt\/var\/app_old_main_1\.socket/,
    ],
    [
      "a socket that will be used again",
      "leftovers",
      web({
        plan: ok(
          plan(service("app.p.a", { socket: { path: "/rt/var/app_p_a_{instance}.socket", hand: "inherited" } })),
        ),
        stale: { generations: [], sockets: ok(["/rt/var/app_p_a_12.socket", "/rt/var/nginx.socket"]), claims: [] },
      }),
      host(),
      "-",
      /^$/,
    ],
    [
      "claims of a stopped flow",
      "leftovers",
      files({ run: stopped, stale: { generations: [], sockets: ok([]), claims: [{ path: "/in/tmp/a.b", files: 2 }] } }),
      host(),
      "WARNING",
      /\/in\/tmp\/a\.b.*2 files.*mfdata\.start/s,
    ],
    [
      "claims of a running flow",
      "leftovers",
      files({ stale: { generations: [], sockets: ok([]), claims: [{ path: "/in/tmp/a.b", files: 2 }] } }),
      host(),
      "-",
      /^$/,
    ],
    [
      "sockets nobody may look for",
      "leftovers",
      web({ stale: { generations: [], sockets: unseen, claims: [] } }),
      host(),
      "UNKNOWN",
      /locked/,
    ],
  ],
);
