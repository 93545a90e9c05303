import { createRequire } from 'node:module';
import type { Template } from './lint/read-template.ts';

interface Diagnostic {
  readonly severity: string;
  readonly ruleId: string;
  readonly message: string;
  readonly entity?: { readonly logicalId?: string };
}
interface Engine {
  validateTemplate(content: object): { readonly diagnostics: readonly Diagnostic[] };
}
interface Validator {
  readonly CompositeEngine: new () => Engine;
  readonly TemplateContent: new (text: string, name: string) => object;
}

// The one that aws-cdk-lib brings: it is newer than the one in the registry, and the same that judges at the synthesis.
const ofCdk = createRequire(createRequire(import.meta.url).resolve('aws-cdk-lib/package.json'));
const { CompositeEngine, TemplateContent } = ofCdk('@aws/cloudformation-validate') as Validator;

let engine: Engine | undefined;

/** What AWS's validator of templates has against it, offline: `F3020 Instance1: …`. Its remarks (`I…`) are left out. */
export function validateTemplate(name: string, template: Template): readonly string[] {
  // Starting it takes longer than its work.
  engine ??= new CompositeEngine();
  const { diagnostics } = engine.validateTemplate(new TemplateContent(JSON.stringify(template), name));
  return diagnostics
    .filter(({ ruleId }) => !ruleId.startsWith('I'))
    .map(({ ruleId, entity, message }) => `${ruleId} ${entity?.logicalId ?? name}: ${message}`);
}
