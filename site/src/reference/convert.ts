import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Application, LogLevel, type ProjectReflection, ReflectionKind } from 'typedoc';
import { type EntryPoint, readEntryPoints } from './entry-points.ts';

/** Reads the types and doc comments of entry points, and writes a page of Markdown for each into `folder`. */
export async function convert(
  root: string,
  entries: readonly EntryPoint[],
  { folder, repository }: { readonly folder: string; readonly repository: string },
): Promise<ProjectReflection> {
  const app = await Application.bootstrapWithPlugins({
    entryPoints: entries.map(({ source }) => join(root, source)),
    tsconfig: fileURLToPath(new URL('./typedoc.tsconfig.json', import.meta.url)),
    // So that the packages find each other where nothing is installed.
    compilerOptions: {
      paths: Object.fromEntries(readEntryPoints(root).map(({ name, source }) => [name, [join(root, source)]])),
    },
    plugin: ['typedoc-plugin-markdown'],
    basePath: root,
    name: 'API',
    readme: 'none',
    logLevel: LogLevel.Error,
    // The compiler has its own step. Here types of a framework may be missing.
    skipErrorChecking: true,
    excludeInternal: true,
    excludePrivate: true,
    excludeExternals: true,
    disableGit: true,
    gitRevision: 'main',
    // The paths begin below the folder that all entry points share.
    sourceLinkTemplate: `${repository}/blob/main/packages/{path}#L{line}`,
    jsDocCompatibility: { defaultTag: false },
    groupOrder: ['Functions', 'Variables', 'Classes', 'Interfaces', 'Type Aliases'],
    ...({
      router: 'module',
      hidePageHeader: true,
      hideBreadcrumbs: true,
      useCodeBlocks: true,
      useHTMLAnchors: true,
      parametersFormat: 'table',
      interfacePropertiesFormat: 'table',
      classPropertiesFormat: 'table',
      typeDeclarationFormat: 'table',
      propertyMembersFormat: 'table',
      tableColumnSettings: { hideSources: true, hideInherited: true, hideOverrides: true, leftAlignHeaders: true },
    } as object),
  });
  const project = await app.convert();
  if (project === undefined) throw new Error('typedoc could not read the entry points');
  const modules = project.getChildrenByKind(ReflectionKind.Module).map((module) => {
    const entry = entries.find((each) => join(root, each.source) === module.sources?.[0]?.fullFileName);
    if (entry === undefined) throw new Error(`typedoc has made ${module.name} of no entry point`);
    return { module, entry };
  });
  // The name of a module is first that of its page, then as it is imported.
  for (const { module, entry } of modules) module.name = entry.id;
  await app.outputs.writeOutput({ name: 'markdown', path: folder }, project);
  for (const { module, entry } of modules) module.name = entry.name;
  return project;
}
