/** Sends the form of `response_mode=form_post` on its way. Without it there is its button. */
export const FORM_POST_SCRIPT = `HTMLFormElement.prototype.submit.call(document.getElementById('form-post'));
`;

/** Shows the buttons that only work with a script: show a password, copy a code. Nothing depends on them. */
export const ENHANCE_SCRIPT = `'use strict';
for (const button of document.querySelectorAll('button[data-shows]')) {
  const field = document.getElementById(button.dataset.shows);
  const show = { text: button.textContent, label: button.ariaLabel };
  const hide = { text: button.dataset.hide, label: button.dataset.hideLabel };
  const set = (shown) => {
    field.type = shown ? 'text' : 'password';
    const next = shown ? hide : show;
    button.textContent = next.text;
    button.ariaLabel = next.label;
  };
  button.hidden = false;
  button.addEventListener('click', () => {
    set(field.type === 'password');
    field.focus();
  });
  field.form.addEventListener('submit', () => set(false));
}
for (const button of document.querySelectorAll('button[data-copies]')) {
  if (!navigator.clipboard) continue;
  const field = document.getElementById(button.dataset.copies);
  const status = document.getElementById(button.dataset.status);
  button.hidden = false;
  button.addEventListener('click', async () => {
    field.select?.();
    try {
      await navigator.clipboard.writeText(field.value ?? field.textContent);
      status.textContent = button.dataset.done;
    } catch {
      status.textContent = '';
    }
  });
}
`;
