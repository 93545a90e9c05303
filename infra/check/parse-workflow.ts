import { readFile } from 'node:fs/promises';
import { convertWorkflowTemplate, parseWorkflow } from '@actions/workflow-parser';
import { ErrorPolicy } from '@actions/workflow-parser/model/convert';

const silent = { info: () => {}, verbose: () => {}, error: () => {} };

export interface ParsedWorkflow {
  readonly errors: readonly string[];
  readonly jobs: readonly string[];
}

/** Everything that GitHub's parser has against a workflow, and its jobs. Reusable workflows are read from `folder`. */
export async function parseGitHubWorkflow(content: string, folder: string): Promise<ParsedWorkflow> {
  const { context, value } = parseWorkflow({ name: 'workflow.yml', content }, silent);
  if (value === undefined) return { errors: context.errors.getErrors().map(({ message }) => message), jobs: [] };
  const provider = {
    getFileContent: async (file: { readonly path?: string }) => {
      const name = file.path?.replace('.github/workflows/', '') ?? '';
      return { name, content: await readFile(`${folder}${name}`, 'utf8') };
    },
  };
  const template = await convertWorkflowTemplate(context, value, provider as never, {
    errorPolicy: ErrorPolicy.TryConversion,
    fetchReusableWorkflowDepth: 1,
  });
  return {
    errors: [
      ...context.errors.getErrors().map(({ message }) => message),
      ...(template.errors ?? []).map(({ Message }) => Message),
    ],
    jobs: template.jobs.map(({ id }) => id.value),
  };
}
