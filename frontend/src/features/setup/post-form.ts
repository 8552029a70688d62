/** Leaves the page by posting fields to another one, as GitHub's manifest flow asks. */
export function postForm(action: string, fields: Record<string, string>): void {
  const url = new URL(action);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new Error('Not a web address.');
  const form = document.createElement('form');
  form.method = 'post';
  form.action = url.href;
  for (const [name, value] of Object.entries(fields)) {
    const input = document.createElement('input');
    input.type = 'hidden';
    input.name = name;
    input.value = value;
    form.append(input);
  }
  document.body.append(form);
  form.submit();
}
