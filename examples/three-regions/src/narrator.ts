/** One claim of the demo: said, then measured. */
export interface Claim {
  readonly says: string;
  readonly held: boolean;
  readonly measured: string;
}

/** Tells the story on a terminal, or keeps silent for `--json`. */
export interface Narrator {
  readonly claims: readonly Claim[];
  chapter(title: string): void;
  say(line: string): void;
  /** States a claim with what was measured; returns whether it held. */
  claim(says: string, held: boolean, measured: string): boolean;
  table(title: string, rows: readonly (readonly [name: string, value: string])[]): void;
}

export function createNarrator({ write, colour }: { write: (text: string) => void; colour: boolean }): Narrator {
  const paint = (code: number, text: string): string => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const claims: Claim[] = [];
  let chapters = 0;
  return {
    claims,
    chapter: (title) => {
      chapters += 1;
      write(`\n${paint(1, `${chapters}. ${title}`)}\n`);
    },
    say: (line) => write(`   ${line}\n`),
    claim: (says, held, measured) => {
      claims.push({ says, held, measured });
      write(`   ${held ? paint(32, '✔') : paint(31, '✘')} ${says}  ${paint(2, measured)}\n`);
      return held;
    },
    table: (title, rows) => {
      const width = Math.max(...rows.map(([name]) => name.length));
      write(`\n${paint(1, title)}\n`);
      for (const [name, value] of rows) write(`   ${name.padEnd(width)}  ${value}\n`);
    },
  };
}
