import { type OptionSection, option, section } from "../../config/option.ts";
import { accountName, completeness, entrance, flag, host, port, portOrZero } from "../../config/value-types.ts";

const COMPLETE =
  "How senders show that a file there is complete, as in [internal_plugins] watched_completeness. rename: they give it its name when all of it is there, so that one that was cut is never taken.";

/** Servers of the system that the module runs as its own user, in a box where they see one directory. */
export const DROP_SECTIONS: readonly OptionSection[] = [
  section("ftp", "Files come over FTP: vsftpd, which lets senders put files into one directory and read none.", {
    flag: option(
      flag,
      "0",
      "restart",
      "1: it runs. Passwords are in config/ftp/passwords, one a line; the account is `anonymous`.",
    ),
    address: option(host, "0.0.0.0", "restart", "The address it listens at."),
    port: option(port, "2121", "restart", "Its port."),
    passive_min_port: option(portOrZero, "0", "restart", "The lowest port of data connections, for firewalls. 0: any."),
    passive_max_port: option(portOrZero, "0", "restart", "The highest one. 0: any."),
    tls: option(
      flag,
      "0",
      "restart",
      "1: over TLS only (FTPS, AUTH TLS), with the certificate and key in config/ftp/server.pem.",
    ),
    directory: option(entrance, "ftp", "restart", "The directory below [data_in] dir that files come to."),
    completeness: option(completeness, "rename", "reload", COMPLETE),
  }),
  section("sftp", "Files come over SFTP: OpenSSH, which lets senders put files into one directory and read none.", {
    flag: option(
      flag,
      "0",
      "restart",
      "1: it runs. Senders' public keys are in config/sftp/authorized_keys, its own key in config/sftp/host_key.",
    ),
    address: option(host, "0.0.0.0", "restart", "The address it listens at."),
    port: option(port, "2222", "restart", "Its port."),
    user: option(accountName, "metwork", "restart", "The account senders log in to; it exists only there."),
    directory: option(entrance, "sftp", "restart", "The directory below [data_in] dir that files come to."),
    completeness: option(completeness, "rename", "reload", COMPLETE),
  }),
];
