// Draws the data of history.py, the newest movie first, and tells it what is done. Titles are inserted as plain text.

const PATHS = {
  star: "m12 2.6 2.9 6.1 6.7.9-4.9 4.6 1.2 6.6-5.9-3.2-5.9 3.2 1.2-6.6-4.9-4.6 6.7-.9Z",
  later: "M12 19V5m-6.5 6.5L12 5l6.5 6.5",
  earlier: "M12 5v14m-6.5-6.5L12 19l6.5-6.5",
  remove: "M4.5 7h15M9.5 7V4.5h5V7M6.5 7l.7 13h9.6l.7-13M10 10.5v6m4-6v6",
}

function create(tag, attributes = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "")
    else if (value !== false) element.setAttribute(name, value)
  }
  element.append(...children)
  return element
}

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg")
  svg.setAttribute("viewBox", "0 0 24 24")
  svg.setAttribute("aria-hidden", "true")
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path")
  path.setAttribute("d", PATHS[name])
  svg.append(path)
  return svg
}

function rating(row, data, edit) {
  const label = `Rating of ${row.title}`
  const rate = (event) => edit({ action: "rate", rating: Number(event.target.value) })
  if (!data.stars) {
    const options = data.levels.map((level) =>
      create("option", { value: level, selected: level === row.rating }, `${level} ★`),
    )
    const select = create("select", { "aria-label": label, "data-control": "rating" }, ...options)
    select.onchange = rate
    return select
  }
  const stars = data.levels.map((level) => {
    const name = `${level} out of ${data.levels.length} stars`
    const input = create("input", {
      type: "radio",
      name: `rating_${row.movie_id}`,
      value: level,
      checked: level === row.rating,
      "aria-label": name,
      "data-control": "rating",
    })
    input.onchange = rate
    return create("label", { title: name }, input, icon("star"))
  })
  return create("span", { class: "stars", role: "radiogroup", "aria-label": label }, ...stars)
}

function listItem(row, index, data, onEdit, list) {
  const edit = (change) => onEdit({ movie_id: row.movie_id, ...change })
  const button = (action, label, disabled) => {
    const attributes = { type: "button", title: label, "aria-label": label, "data-control": action, disabled }
    const element = create("button", attributes, icon(action))
    element.onclick = () => edit({ action })
    return element
  }
  return create(
    "li",
    { "data-movie": row.movie_id },
    keptPoster(list, row.movie_id, row.poster, { small: true }),
    create("bdi", { class: "title" }, row.title),
    create(
      "span",
      { class: "controls" },
      ...(data.levels.length ? [rating(row, data, edit)] : []),
      button("later", `Move ${row.title} later`, index === 0),
      button("earlier", `Move ${row.title} earlier`, index === data.events - 1),
      button("remove", `Remove ${row.title}`, false),
    ),
  )
}

// what is as it was is not built again, as most of a long history is
function kept(list, key, state, build) {
  list.kept ??= new Map()
  if (list.kept.get(key)?.state !== state) list.kept.set(key, { state, item: build() })
  return list.kept.get(key).item
}

function keptItem(row, index, data, list) {
  const state = JSON.stringify([row.title, row.poster, index === 0, index === data.events - 1, data.levels])
  const item = kept(list, row.movie_id, state, () => listItem(row, index, data, (edit) => list.report(edit), list))
  for (const input of item.querySelectorAll("input")) input.checked = Number(input.value) === row.rating
  for (const select of item.querySelectorAll("select")) select.value = String(row.rating)
  return item
}

// the keyboard stays with its movie when that moves, and goes on to the next one when it is removed; where the button
// is of no use any more, on the rating
function refocus(list, movie, control, index) {
  const rows = [...list.querySelectorAll("li[data-movie]")]
  const row = rows.find((row) => row.dataset.movie === movie) ?? rows[Math.min(index, rows.length - 1)]
  const controls = [...(row?.querySelectorAll("[data-control]:enabled") ?? [])]
  const same = controls.filter((element) => element.dataset.control === control)
  const candidates = same.length ? same : controls
  const target = candidates.find((element) => element.checked) ?? candidates[0]
  target?.focus({ preventScroll: true })
}

// where it is narrow, a long history is folded, so that the list below it is in sight
const FOLDED_ROWS = 5
function foldButton(list, label) {
  const button = create("button", { type: "button", class: "fold" }, label)
  button.onclick = () => list.classList.add("unfolded")
  return button
}

export default function ({ data, parentElement, setTriggerValue }) {
  const list = parentElement.querySelector(".history")
  const focused = list.getRootNode().activeElement?.closest("[data-control]")
  const before = focused?.closest("li")
  const index = before ? [...list.querySelectorAll("li[data-movie]")].indexOf(before) : -1
  list.setAttribute("aria-label", data.label)
  list.report = (edit) => setTriggerValue("edit", edit)
  const items = data.rows.map((row, index) => keptItem(row, index, data, list))
  const rows = items.length
  if (rows > data.read) {
    items.splice(data.read, 0, kept(list, "unread", data.unread, () => create("li", { class: "unread" }, data.unread)))
  }
  if (rows > FOLDED_ROWS) {
    items.push(kept(list, "more", data.more, () => create("li", { class: "more" }, foldButton(list, data.more))))
  }
  const same = items.length === list.children.length && items.every((item, place) => item === list.children[place])
  if (same) return // of a rating that changed, the row is the same
  list.replaceChildren(...items)
  if (before) refocus(list, before.dataset.movie, focused.dataset.control, index)
}
