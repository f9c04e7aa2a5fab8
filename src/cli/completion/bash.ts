import { type Command, type Context, type ExitCode, type Given, UsageError } from "../command.ts";

/** `metwork completion bash`: prints what bash sources. Which words fit is asked of the program, so it never lags behind. */
export function completion(commands: readonly Command[]): (context: Context, given: Given) => Promise<ExitCode> {
  return async (context, given) => {
    const [shell] = given.args;
    if (shell !== "bash") throw new UsageError(`there is no completion for ${shell ?? "no shell"}; write \`bash\``);
    context.out(bashScript(commands));
    return 0;
  };
}

/** Where nothing of ours fits, bash goes on with files. */
function bashScript(commands: readonly Command[]): string {
  const names = ["metwork", ...commands.flatMap(({ aliases }) => aliases)]
    .filter((name) => !name.startsWith("_"))
    .sort();
  return `# bash completion of metwork; in ~/.bashrc: source <(metwork completion bash)
_metwork() {
  local IFS=$'\\n'
  local last=\${COMP_WORDS[COMP_CWORD]}
  COMPREPLY=($(metwork _complete -- "\${COMP_WORDS[@]:0:COMP_CWORD}" "$last" 2>/dev/null))
}
complete -o default -F _metwork ${names.join(" ")}`;
}
