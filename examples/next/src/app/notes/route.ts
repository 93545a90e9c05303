import { kit, regional } from '../../regional.ts';

export const runtime = 'nodejs';
export const dynamic = 'force-dynamic';

export const GET = regional(async () => {
  const { rows } = await kit().router.read<{ text: string }>('select text from notes order by id');
  return Response.json({ region: kit().regions.self, notes: rows.map(({ text }) => text) });
});

export const POST = regional(async (request) => {
  const { text } = (await request.json()) as { readonly text?: unknown };
  if (typeof text !== 'string') return Response.json({ error: 'a note is { "text": "…" }' }, { status: 400 });
  const { router, regions } = kit();
  await router.write('insert into notes (text, written_in) values ($1, $2)', [text, regions.self]);
  return Response.json({ region: regions.self, text }, { status: 201 });
});
