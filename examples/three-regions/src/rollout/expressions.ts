import { data, Evaluator, Lexer, Parser } from '@actions/expressions';

export type Outcome = 'success' | 'failure' | 'cancelled' | 'skipped';
type Texts = Readonly<Record<string, string>>;

/** What the expressions of a job can see. */
export interface Scope {
  readonly inputs: Texts;
  readonly secrets: Texts;
  /** The outputs of the jobs that this one needs. */
  readonly needs: Readonly<Record<string, Texts>>;
  /** The steps that have ended, by id. */
  readonly steps: ReadonlyMap<string, { readonly outcome: Outcome; readonly outputs: Texts }>;
  /** What has become of the job so far. */
  readonly status: 'success' | 'failure' | 'cancelled';
}

/**
 * Puts values in place of `${{ … }}`.
 *
 * @throws {Error} an expression is wrong, or asks for something that the rehearsal does not have
 */
export function fill(text: string, scope: Scope): string {
  return text.replace(/\$\{\{(.*?)\}\}/g, (_, expression: string) => evaluate(expression, scope).coerceString());
}

/**
 * Whether a step runs. As on GitHub: a condition that does not ask for the status holds only after success.
 *
 * @throws {Error} a condition is wrong, or asks for something that the rehearsal does not have
 */
export function runs(condition: string | undefined, scope: Scope): boolean {
  if (condition === undefined) return scope.status === 'success';
  const expression = condition.replace(/^\$\{\{(.*)\}\}$/, '$1');
  const asksForStatus = /\b(always|success|failure|cancelled)\(/.test(expression);
  // An empty text, a missing value, `false` and 0 do not hold.
  const holds = !['', 'false', '0'].includes(evaluate(expression, scope).coerceString());
  return holds && (asksForStatus || scope.status === 'success');
}

/** By GitHub's own parser and evaluator of expressions. */
function evaluate(expression: string, { inputs, secrets, needs, steps, status }: Scope): data.ExpressionData {
  const functions = Object.entries({
    always: true,
    success: status === 'success',
    failure: status === 'failure',
    cancelled: status === 'cancelled',
  }).map(([name, value]) => ({ name, minArgs: 0, maxArgs: 0, call: () => new data.BooleanData(value) }));
  const context = {
    inputs: dictionary(inputs, text),
    secrets: dictionary(secrets, text),
    needs: dictionary(needs, (outputs) => dictionary({ outputs }, (one) => dictionary(one, text))),
    // As on GitHub: a step that has not ended has no outcome. Without an outcome it is not "skipped".
    steps: dictionary(Object.fromEntries(steps), ({ outcome, outputs }) => {
      const step = dictionary({ outcome }, text);
      step.add('outputs', dictionary(outputs, text));
      return step;
    }),
  };
  const { tokens } = new Lexer(expression.trim()).lex();
  const parsed = new Parser(tokens, Object.keys(context), functions).parse();
  return new Evaluator(
    parsed,
    dictionary(context, (value) => value),
    new Map(functions.map((one) => [one.name, one])),
  ).evaluate();
}

const text = (value: string): data.ExpressionData => new data.StringData(value);

const dictionary = <T>(
  values: Readonly<Record<string, T>>,
  convert: (value: T) => data.ExpressionData,
): data.Dictionary =>
  new data.Dictionary(...Object.entries(values).map(([key, value]) => ({ key, value: convert(value) })));
