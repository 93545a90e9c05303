/** A file of the page. */
export interface Asset {
  readonly type: string;
  readonly body: string;
}

/** The files of the page by their name. The page itself has the empty name. */
export type Assets = Readonly<Record<string, Asset>>;

/**
 * Returns the files of the page. From the sources they are built when they are needed first. The build of the package puts the
 * files themselves in place of this module.
 */
export async function loadAssets(): Promise<Assets> {
  const { buildAssets } = await import('../tools/build-assets.ts');
  return buildAssets();
}
