#!/usr/bin/env node
const { log, run } = require("metwork-step");

/**
 * Called with each file: file.path is where it is, file.tags is what is known of it. Returning is success; throwing is
 * failure, and the failure policy applies.
 */
async function handle(file) {
  log.info(`process for file ${file.path}`);
}

run(handle);
