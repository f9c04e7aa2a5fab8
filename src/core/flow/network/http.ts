import { type OptionSection, option, section } from "../../config/option.ts";
import { choice, statusCodes, text } from "../../config/value-types.ts";
import { optional, required, seconds, sessions, tlsOptions } from "./options.ts";

/** What `httpsend_step` is told. */
export const HTTP_OPTIONS: OptionSection = section("custom", "Where the files go.", {
  http_method: option(
    choice("PUT", "POST", "GET", "OPTIONS", "HEAD", "PATCH", "DELETE"),
    "POST",
    "restart",
    "The request; the file is its body.",
  ),
  http_url: required(
    text,
    "Its URL, http or https, with {ORIGINAL_BASENAME}, {ORIGINAL_DIRNAME}, {ORIGINAL_UID}, {RANDOM_ID}, {STEP_COUNTER}, and times as in strftime(3), so that a `%` is written `%%`.",
  ),
  http_timeout: seconds("60", "A server that is silent for this long has failed."),
  http_ok_status_codes: option(statusCodes, "200,201", "restart", "The answers that mean: the file is there."),
  http_username: optional("Who asks, for basic authentication."),
  http_password: optional("That account's password."),
  http_token: optional("A bearer token, instead."),
  http_content_type: optional("What the file is said to be.", "application/octet-stream"),
  ...tlsOptions("http_tls"),
  http_session_lifetime: seconds("10", "A connection without requests is closed after this long.", 0),
  http_sessions: sessions(),
});
