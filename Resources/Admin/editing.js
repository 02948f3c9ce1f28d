// Changes one thing of the house that somebody else may be changing too.

import { get } from './api.js';
import { dialog, formDialog, problemBox } from './dialog.js';

/// A form for what `url` names. It is read before the form opens, so that the form shows what is so, and only what was read
/// is changed; what somebody else changed meanwhile is shown beside what was typed, and sending once more overrules it.
/// `shape(item)` gives what `formDialog` takes; its `send(typed, item, element)` sends with `{ match: item }`, and
/// `values(item)` are the form's values of an item where they are not its own members.
export async function editDialog(url, shape) {
  let item;
  try {
    item = await get(url);
  } catch (problem) {
    return dialog(problem.title, () => problemBox(problem));
  }
  const { values = (now) => now, send, ...form } = shape(item);
  return formDialog({
    ...form,
    send: (typed, element) => send(typed, item, element),
    fresh: async () => {
      item = await get(url);
      return { values: values(item) };
    },
  });
}
