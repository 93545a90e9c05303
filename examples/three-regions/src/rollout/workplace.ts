import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { REGIONKIT } from '../../../../tools/regionkit.ts';
import { REGIONS } from '../names.ts';
import type { Stage } from '../stage.ts';

/** The directory in which the scripts of the workflow run. On a runner of GitHub it is the checkout. */
export interface Workplace {
  readonly directory: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly secrets: Readonly<Record<string, string>>;
}

const ORDER = fileURLToPath(new URL('../../../../infra/pipeline/rollout-order.mjs', import.meta.url));

/** Asks the deployer: the order is the argument, region and version are in the environment. */
const DEPLOY = `#!/usr/bin/env node
const { REGION, VERSION, DEPLOYER } = process.env;
const answer = await fetch(\`\${DEPLOYER}/\${process.argv[2]}?region=\${REGION}&version=\${VERSION}\`, { method: 'POST' });
const text = await answer.text();
(answer.ok ? process.stdout : process.stderr).write(text + '\\n');
process.exit(answer.ok ? 0 : 1);
`;

/** As a user writes it: what is secret comes from the environment. */
const config = (stage: Stage): string => `const databases = JSON.parse(process.env.DATABASE_URLS);
export default {
  regions: {
${REGIONS.map((name) => `    '${name}': { origin: '${stage.origin(name)}', databases: [databases['${name}']] },`).join('\n')}
  },
  healthToken: { env: 'HEALTH_TOKEN' },
};
`;

export async function createWorkplace(
  directory: string,
  stage: Stage,
  deployer: string,
  healthToken: string,
): Promise<Workplace> {
  const bin = join(directory, 'bin');
  await mkdir(bin, { recursive: true });
  const program = (path: string, text: string): Promise<void> => writeFile(path, text, { mode: 0o755 });
  const quoted = [process.execPath, ...REGIONKIT].map((word) => `'${word}'`).join(' ');
  await program(join(directory, 'deploy.mjs'), DEPLOY);
  await copyFile(ORDER, join(directory, 'rollout-order.mjs'));
  // `npx --no regionkit` is the command line of this repository, and there is nothing to install.
  await program(
    join(bin, 'npx'),
    `#!/usr/bin/env bash\n[ "$1 $2" = '--no regionkit' ] || exit 127\nshift 2\nexec ${quoted} "$@"\n`,
  );
  await program(join(bin, 'npm'), `#!/usr/bin/env bash\n[ "$*" = 'ci --ignore-scripts' ]\n`);
  await writeFile(join(directory, 'regionkit.config.mjs'), config(stage));
  const urls = Object.fromEntries(REGIONS.map((name) => [name, stage.lab.region(name).adminConnectionString]));
  return {
    directory,
    environment: {
      ...process.env,
      PATH: `${bin}${delimiter}${process.env['PATH']}`,
      DEPLOYER: deployer,
      NO_COLOR: '1',
    },
    secrets: { HEALTH_TOKEN: healthToken, DATABASE_URLS: JSON.stringify(urls) },
  };
}
