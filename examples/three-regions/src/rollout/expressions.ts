/** What the expressions of a job can see. */
export interface Scope {
  readonly inputs: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, string>>;
  /** The steps that have ended, by id. */
  readonly steps: ReadonlyMap<
    string,
    { readonly outcome: Outcome; readonly outputs: Readonly<Record<string, string>> }
  >;
  readonly failed: boolean;
}
export type Outcome = 'success' | 'failure' | 'skipped';

/**
 * Puts values in place of `${{ … }}`.
 *
 * @throws {Error} an expression is none of those that the rehearsal knows
 */
export function fill(text: string, scope: Scope): string {
  return text.replace(/\$\{\{(.*?)\}\}/g, (_, expression: string) => lookUp(expression.trim(), scope));
}

/**
 * Whether a step runs. Without a condition it runs while no step has failed.
 *
 * @throws {Error} a condition is none of those that the rehearsal knows
 */
export function runs(condition: string | undefined, scope: Scope): boolean {
  if (condition === undefined) return !scope.failed;
  const terms = condition.replace(/^\$\{\{(.*)\}\}$/, '$1').split('&&');
  return terms
    .map((term) => term.trim())
    .every((term) => {
      if (term === 'always()') return true;
      if (term === 'failure()') return scope.failed;
      const [, left = '', right = ''] = /^(\S+) != '([^']*)'$/.exec(term) ?? [];
      return lookUp(left, scope) !== right;
    });
}

function lookUp(expression: string, { inputs, secrets, steps }: Scope): string {
  const [from, name = '', part, output = ''] = expression.split('.');
  if (from === 'inputs') return inputs[name] ?? '';
  if (from === 'secrets') return secrets[name] ?? '';
  // As on GitHub: a step that has not ended has no outcome. Without an outcome it is not "skipped".
  if (from === 'steps' && part === 'outcome') return steps.get(name)?.outcome ?? '';
  if (from === 'steps' && part === 'outputs') return steps.get(name)?.outputs[output] ?? '';
  throw new Error(`the rehearsal does not know the expression "${expression}"`);
}
