import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';

const NAMES = ['lost-write', 'salvage-summary', 'lost-key'] as const;
type Name = (typeof NAMES)[number];

export const SCHEMAS = Object.fromEntries(
  NAMES.map((name) => [
    name,
    JSON.parse(readFileSync(new URL(`../../schema/${name}.schema.json`, import.meta.url), 'utf8')),
  ]),
) as Readonly<Record<Name, object>>;

const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
const validators = Object.fromEntries(NAMES.map((name) => [name, ajv.compile(SCHEMAS[name])]));

/** Why an output of salvage does not fit its schema. Undefined: it fits. */
export function whyUnfit(name: Name, output: unknown): string | undefined {
  const validate = validators[name] as ReturnType<typeof ajv.compile>;
  return validate(output) ? undefined : ajv.errorsText(validate.errors);
}

/** @throws {Error} an output of salvage does not fit its schema */
export function mustFit(name: Name, ...outputs: readonly unknown[]): void {
  for (const output of outputs) {
    const why = whyUnfit(name, output);
    if (why !== undefined) throw new Error(`not a ${name}: ${why}: ${JSON.stringify(output)}`);
  }
}
