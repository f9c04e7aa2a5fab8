import { type OptionSection, option, section } from "../../config/option.ts";
import { choice, host, port, text } from "../../config/value-types.ts";
import { optional, remoteName, required, seconds, sessions, temporarySuffix } from "./options.ts";

/** What `sftpsend_step` is told. */
export const SFTP_OPTIONS: OptionSection = section("custom", "Where the files go.", {
  sftp_hostname: required(host, "The server's name or address."),
  sftp_port: option(port, "22", "restart", "Its port."),
  sftp_username: required(text, "Who logs in."),
  sftp_password: optional("That account's password; or set sftp_key_file."),
  sftp_key_file: optional("The private key to log in with, in any format of OpenSSH. It wins over the password."),
  sftp_key_algorithm: optional("Kept for former versions' files; the key says itself what it is.", "rsa"),
  sftp_key_file_passphrase: optional("What that file is encrypted with."),
  sftp_key_disabled_algorithms: optional("Algorithms not to use, such as `ssh-rsa`, with `,` between."),
  sftp_known_hosts_file: optional(
    "The keys servers are known by, as ssh writes them. Empty: ~/.ssh/known_hosts and /etc/ssh/ssh_known_hosts.",
  ),
  sftp_unknown_hosts: option(
    choice("refuse", "accept"),
    "refuse",
    "restart",
    "What happens when those files do not know the server. A key that is not the known one is always refused.",
  ),
  sftp_directory: optional("The directory the files are put in.", "."),
  sftp_basename: remoteName(),
  sftp_timeout: seconds("60", "A server that is silent for this long has failed."),
  sftp_connect_timeout: seconds("30", "How long connecting and logging in may take."),
  sftp_session_lifetime: seconds("10", "A session without files is closed after this long.", 0),
  sftp_sessions: sessions(),
  tmp_suffix: temporarySuffix(),
});
