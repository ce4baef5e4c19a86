import type { Command, Option } from 'commander';

/** One command with what may follow it. */
interface Node {
  path: string;
  names: string[];
  options: Option[];
  description: string;
}

function* nodesOf(command: Command, path = ''): Generator<Node, void, undefined> {
  const subcommands = command.commands.filter((one) => one.name() !== 'help');
  yield {
    path,
    names: subcommands.map((one) => one.name()),
    options: command.options.filter(({ hidden }) => !hidden),
    description: command.description(),
  };
  for (const one of subcommands) yield* nodesOf(one, path === '' ? one.name() : `${path} ${one.name()}`);
}

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** A script that completes commands, options and the fixed values of options, from the commands as they are. */
export function completionScript(program: Command, shell: Shell): string {
  const nodes = [...nodesOf(program)];
  return shell === 'fish' ? fish(nodes) : shell === 'zsh' ? `${ZSH}${bash(nodes)}` : bash(nodes);
}

/** zsh speaks bash's words for it, once asked. */
const ZSH = `#compdef spoor
autoload -U +X compinit && compinit -u
autoload -U +X bashcompinit && bashcompinit
`;

const choicesOf = (nodes: readonly Node[]): Map<string, readonly string[]> => {
  const choices = new Map<string, readonly string[]>();
  for (const { path, options } of nodes)
    for (const { long, argChoices } of options)
      if (long && argChoices) choices.set(`${path} ${long}`, argChoices);
  return choices;
};

function bash(nodes: readonly Node[]): string {
  const words = nodes.map(({ path, names, options }) => {
    const all = [...names, ...options.flatMap(({ long }) => long ?? []), '--help'];
    return `    '${path}') words='${all.join(' ')}' ;;`;
  });
  const values = [...choicesOf(nodes)].map(([at, choices]) => `    '${at}') words='${choices.join(' ')}' ;;`);
  const paths = nodes.map(({ path }) => path.replaceAll(' ', '/')).filter(Boolean);
  return `_spoor() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  local paths=' ${paths.join(' ')} ' path='' words='' i next
  for ((i = 1; i < COMP_CWORD; i++)); do
    next="\${path:+$path/}\${COMP_WORDS[i]}"
    case "$paths" in *" $next "*) path="$next" ;; esac
  done
  path="\${path//\\// }"
  case "$path $previous" in
${values.join('\n')}
  esac
  [ -n "$words" ] || case "$path" in
${words.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _spoor spoor
`;
}

const quoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;

function fish(nodes: readonly Node[]): string {
  const lines = ['complete -c spoor -f'];
  for (const { path, names, options } of nodes) {
    const words = path === '' ? [] : path.split(' ');
    const seen = words.map((word) => `__fish_seen_subcommand_from ${word}`);
    const here = words.length === 0 ? '__fish_use_subcommand' : seen.join('; and ');
    for (const name of names) {
      const about = nodes.find((one) => one.path === [...words, name].join(' '))?.description ?? '';
      const only =
        words.length === 0 ? here : `${here}; and not __fish_seen_subcommand_from ${names.join(' ')}`;
      lines.push(`complete -c spoor -n ${quoted(only)} -a ${name} -d ${quoted(about)}`);
    }
    if (names.length > 0) continue;
    for (const { long, description, argChoices, required, optional } of options) {
      if (!long) continue;
      const value = argChoices ? ` -x -a ${quoted(argChoices.join(' '))}` : required || optional ? ' -r' : '';
      lines.push(
        `complete -c spoor -n ${quoted(here)} -l ${long.slice(2)}${value} -d ${quoted(description)}`,
      );
    }
  }
  return `${lines.join('\n')}\n`;
}
