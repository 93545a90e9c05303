import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../', import.meta.url));

/** A module that exists only in memory, and where each of its lines comes from. */
export interface VirtualModule {
  /** The file or page that is named in an error. */
  readonly name: string;
  readonly source: string;
  /** The line in `name`, from 1, for each line of `source`; 0 if it has none. */
  readonly lines: readonly number[];
}

/** Type-checks modules as if they were files of `app`. Returns one line for each error: `name:line message`. */
export function compileErrors(app: string, modules: readonly VirtualModule[]): string[] {
  const files = new Map(modules.map((module) => [join(app, `${module.name.replaceAll('/', '-')}.ts`), module]));
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(join(ROOT, 'tsconfig.base.json'), ts.sys.readFile).config,
    ts.sys,
    ROOT,
    { isolatedDeclarations: false, declaration: false },
  );
  const host = ts.createCompilerHost(options);
  const program = ts.createProgram([...files.keys()], options, {
    ...host,
    fileExists: (path) => files.has(path) || host.fileExists(path),
    readFile: (path) => files.get(path)?.source ?? host.readFile(path),
    getSourceFile: (path, ...rest) => {
      const module = files.get(path);
      return module === undefined
        ? host.getSourceFile(path, ...rest)
        : ts.createSourceFile(path, module.source, {
            languageVersion: ts.ScriptTarget.ES2022,
            impliedNodeFormat: ts.ModuleKind.ESNext,
          });
    },
  });
  return [...files].flatMap(([path, { name, lines }]) =>
    ts.getPreEmitDiagnostics(program, program.getSourceFile(path)).map(({ file, start = 0, messageText }) => {
      const at = file?.getLineAndCharacterOfPosition(start).line ?? 0;
      return `${name}:${lines[at]} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
    }),
  );
}
