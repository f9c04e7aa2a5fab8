import { type OptionSection, option, section } from "../../config/option.ts";
import { choice, host, port, text } from "../../config/value-types.ts";
import { optional, remoteName, required, seconds, sessions, temporarySuffix, tlsOptions } from "./options.ts";

/** What `ftpsend_step` is told. */
export const FTP_OPTIONS: OptionSection = section("custom", "Where the files go.", {
  ftp_hostname: required(host, "The server's name or address."),
  ftp_port: option(port, "21", "restart", "Its port."),
  ftp_username: required(text, "Who logs in."),
  ftp_password: required(text, "That account's password."),
  ftp_directory: optional("The directory the files are put in.", "."),
  ftp_basename: remoteName(),
  ftp_tls: option(
    choice("none", "explicit", "implicit"),
    "none",
    "restart",
    "none: all of it, passwords too, can be read on the way. explicit: FTPS with AUTH TLS. implicit: FTPS from the first byte, on its own port, often 990.",
  ),
  ...tlsOptions("ftp_tls"),
  ftp_timeout: seconds("60", "A server that is silent for this long has failed."),
  ftp_connect_timeout: seconds("30", "How long connecting and logging in may take."),
  ftp_session_lifetime: seconds("10", "A session without files is closed after this long.", 0),
  ftp_sessions: sessions(),
  tmp_suffix: temporarySuffix(),
});
