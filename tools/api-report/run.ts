import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Extractor, ExtractorConfig, ExtractorLogLevel, type ExtractorMessage } from '@microsoft/api-extractor';

/**
 * Compares what each entry point declares with its report in `etc/`, so that no public API changes unseen; with
 * `--update` writes the reports anew. Run after `build`.
 */
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const update = process.argv.includes('--update');
const SILENT = { default: { logLevel: ExtractorLogLevel.None } };

interface Manifest {
  readonly exports: Readonly<Record<string, { readonly types?: string }>>;
}

let changed = 0;
for (const directory of readdirSync(join(ROOT, 'packages'))) {
  const projectFolder = join(ROOT, 'packages', directory);
  const packageJsonFullPath = join(projectFolder, 'package.json');
  const { exports } = JSON.parse(readFileSync(packageJsonFullPath, 'utf8')) as Manifest;
  for (const [entry, { types }] of Object.entries(exports)) {
    if (types === undefined) continue;
    const name = [directory, ...entry.split('/').slice(1)].join('-');
    const report = extract(name, join(projectFolder, types), projectFolder, packageJsonFullPath);
    if (!report.apiReportChanged) continue;
    changed += 1;
    process.stdout.write(`etc/${name}.api.md ${update ? 'is new' : 'is not what the package declares'}\n`);
  }
}
if (changed > 0 && !update) {
  process.stderr.write('a public API changed: look at it, then `npx -y pnpm@10 api --update`, and add a changeset\n');
  process.exitCode = 1;
}

function extract(name: string, types: string, projectFolder: string, packageJsonFullPath: string) {
  const compilerOptions = { module: 'nodenext', target: 'es2022', lib: ['es2023'], types: ['node'], strict: true };
  const config = ExtractorConfig.prepare({
    configObjectFullPath: join(projectFolder, 'api-extractor.json'),
    packageJsonFullPath,
    configObject: {
      projectFolder,
      mainEntryPointFilePath: types,
      compiler: { overrideTsconfig: { compilerOptions: { ...compilerOptions, skipLibCheck: true }, files: [types] } },
      apiReport: {
        enabled: true,
        reportFileName: `${name}.api.md`,
        reportFolder: join(ROOT, 'etc'),
        reportTempFolder: join(ROOT, '.regionkit/api'),
      },
      newlineKind: 'lf',
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      // What it thinks of comments is no part of a report; what does not compile fails here.
      messages: { extractorMessageReporting: SILENT, tsdocMessageReporting: SILENT },
    },
  });
  return Extractor.invoke(config, { localBuild: update, messageCallback: quiet });
}

/** That a report changed is told once, by us. */
function quiet(message: ExtractorMessage): void {
  if (message.category === 'Compiler') process.stderr.write(`${message.text}\n`);
  message.handled = true;
}
