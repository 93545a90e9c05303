/** Where the guarded handler is: `mount` is what a client writes for the mount point, whatever the app calls it. */
export interface Place {
  readonly mount: string;
  readonly route: string;
}

export interface Ask {
  readonly method: string;
  readonly target: string;
  readonly fields?: readonly (readonly [name: string, value: string])[];
}

const encoded = (path: string): string =>
  path.replace(/[a-z]/i, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`);

/** The spellings of one path that some router takes for it, and some that no router should. */
function spellingsOf({ mount, route }: Place): readonly string[] {
  const path = mount + route;
  return [
    path,
    `${path}?a=/b`,
    `${path}#x`,
    `${path}/`,
    `${path};x=1`,
    `/${path}`,
    `${path}//`,
    path.replaceAll('/', '//'),
    `${mount}/${route}`,
    `/./${path.slice(1)}`,
    `/x/..${path}`,
    `/x/%2e%2e${path}`,
    path.slice(1),
    path.toUpperCase(),
    path.toUpperCase().replaceAll('/', '//'),
    encoded(path),
    mount + encoded(route),
    encoded(path).toLowerCase(),
    encoded(path).replace('%', '%25'),
    path.replace(/(?<=.)\//, '%2F'),
    path.replaceAll('/', '\\'),
    `http://app.example.com${path}`,
    `https://other.example${path}`,
    `HTTP://app.example.com${path}?x`,
    `http://user@app.example.com${path}`,
    `http://app.example.com${encoded(path)}`,
    `http://app.example.com/${path}`,
    `http:///${path}`,
    `ws://app.example.com${path}`,
  ];
}

const PREFLIGHT: Ask['fields'] = [
  ['Origin', 'https://evil.example'],
  ['Access-Control-Request-Method', 'GET'],
];

/** What is asked of each app: every spelling, and every method in the spellings that count. */
export function asksOf(place: Place): readonly Ask[] {
  const path = place.mount + place.route;
  const some = [path, encoded(path), `http://app.example.com${path}`, path.toUpperCase(), `/${path}`];
  return [
    ...spellingsOf(place).map((target) => ({ method: 'GET', target })),
    ...some.flatMap((target) => [
      { method: 'HEAD', target },
      { method: 'OPTIONS', target },
      { method: 'OPTIONS', target, fields: PREFLIGHT },
      { method: 'GET', target, fields: PREFLIGHT },
      { method: 'POST', target },
      { method: 'DELETE', target },
    ]),
  ];
}
