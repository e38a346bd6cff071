// Draws the data of ranked_list.py. All texts and numbers come from there; titles are inserted as plain text.

function create(tag, className, text, tooltip) {
  const element = document.createElement(tag)
  if (className) element.className = className
  if (text) element.textContent = text
  if (tooltip) element.title = tooltip
  return element
}

function bars(row, full) {
  const element = create("span", "bars", "", row.bars_tooltip)
  element.setAttribute("role", "img")
  element.setAttribute("aria-label", row.bars_tooltip)
  for (const share of row.bars) {
    const bar = create("i")
    bar.style.height = `${Math.min(100, (100 * share) / full)}%`
    element.append(bar)
  }
  return element
}

// a probability, "like" or "next", with a bar
function share(row, name, data) {
  const classes = ["share", name, data.by.includes(name) ? "by" : "", name === data.least ? "least" : ""]
  const element = create("span", classes.join(" "), row[name], row[`${name}_tooltip`])
  element.append(create("span", "word", ` ${name}`))
  const track = create("span", "track")
  const bar = create("i")
  bar.style.width = `${100 * row[`${name}_share`]}%`
  track.append(bar)
  element.append(track)
  return element
}

function listItem(row, data, onWhy, list) {
  const element = create("li")
  element.dataset.movie = row.movie_id
  const main = create("div", "main")
  const text = create("div")
  text.append(create("bdi", "title", row.title))
  if (row.seen) text.append(create("span", "seen", row.seen))
  if (row.mark) text.append(create("span", "mark", row.mark))
  if (row.ratings) text.append(create("span", "ratings", row.ratings))
  if (row.note) text.append(create("span", "note", row.note))
  if (row.because) text.append(create("span", "because", row.because, row.because_tooltip))
  main.append(keptPoster(list, row.movie_id, row.poster, { small: true }), text)
  element.append(
    create("span", "rank", String(row.rank)),
    moveSign(row),
    main,
  )
  if (row.rating) {
    element.append(create("span", data.by.includes("rating") ? "rating by" : "rating", row.rating, row.rating_tooltip))
  }
  if (row.bars) element.append(bars(row, data.full_bar))
  for (const name of ["like", "next"]) if (row[name]) element.append(share(row, name, data))
  if (data.why) element.append(whyButton(row, onWhy))
  return element
}

function moveSign(row) {
  const move = create("span", `move ${row.move?.direction ?? ""}`, row.move?.sign, row.move?.tooltip)
  if (row.move) {
    move.setAttribute("role", "img")
    move.setAttribute("aria-label", row.move.tooltip)
  }
  return move
}

function whyButton(row, onWhy) {
  const why = create("button", "", "Why?")
  why.type = "button"
  why.setAttribute("aria-label", `Why ${row.title}?`)
  why.onclick = () => onWhy(row.movie_id)
  return why
}

function tile(row, data, onWhy, family, list) {
  const element = create("li")
  element.dataset.movie = row.movie_id
  const picture = create("div", "picture", "", row.title)
  picture.append(keptPoster(list, row.movie_id, row.poster, { family }), create("span", "rank", String(row.rank)), moveSign(row))
  if (row.seen) picture.append(create("span", "seen", row.seen))
  if (data.why) {
    picture.append(whyButton(row, onWhy))
    // the button is for the keyboard and for those who hear the page; the whole poster is for the finger
    picture.classList.add("asks")
    picture.onclick = (event) => event.target.closest("button") || onWhy(row.movie_id)
  }
  const numbers = create("div", "numbers")
  for (const name of data.by) {
    if (name === "rating") numbers.append(create("b", "rating", row.rating, row.rating_tooltip))
    else if (row[name]) {
      const value = create("b", name, row[name], row[`${name}_tooltip`])
      value.append(create("span", "word", ` ${data.words[name]}`))
      numbers.append(value)
    }
  }
  if (row.rating && !data.by.includes("rating"))
    numbers.append(create("span", "rating", `${row.rating} ${data.words.rating}`, row.rating_tooltip))
  element.append(picture, create("bdi", "title", row.title), numbers)
  if (row.mark) element.append(create("span", "mark", row.mark))
  if (row.because_short) element.append(create("span", "because", row.because_short, row.because_tooltip))
  if (row.note) element.append(create("span", "note", row.note))
  if (row.ratings) element.append(create("span", "ratings", row.ratings))
  return element
}

function positions(list) {
  const origin = list.getBoundingClientRect()
  const position = (element) => {
    const box = element.getBoundingClientRect()
    return { x: box.left - origin.left, y: box.top - origin.top }
  }
  return new Map([...list.querySelectorAll("li")].map((row) => [row.dataset.movie, position(row)]))
}

// movies glide from their old positions, so that the eye can follow them; new ones grow
function glide(list, before) {
  if (!before.size || matchMedia("(prefers-reduced-motion: reduce)").matches) return
  const after = positions(list)
  // a page may slow it down, for an audience
  const style = getComputedStyle(list)
  const duration = Number.parseFloat(style.getPropertyValue("--glide-ms")) || 450
  const easing = style.getPropertyValue("--glide-easing").trim() || "cubic-bezier(0.2, 0.8, 0.2, 1)"
  const timing = { duration, easing }
  for (const row of list.querySelectorAll("li")) {
    const from = before.get(row.dataset.movie)
    const to = after.get(row.dataset.movie)
    if (!from) row.animate([{ opacity: 0, transform: "scale(0.85)" }, { opacity: 1, transform: "none" }], timing)
    else if (from.x !== to.x || from.y !== to.y)
      row.animate([{ transform: `translate(${from.x - to.x}px, ${from.y - to.y}px)` }, { transform: "none" }], timing)
  }
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const list = parentElement.querySelector(".list")
  const first = data.rows[0]
  const onWhy = (movie) => setTriggerValue("why", movie)
  const tiles = data.view === "tiles"
  // between tiles and lines nothing glides: they have little in common
  const before = list.dataset.view === data.view ? positions(list) : new Map()
  list.dataset.view = data.view
  list.className = tiles ? "list tiles" : first?.bars ? `list rows${first.like && first.next ? " both" : ""}` : "list rows alone"
  const rows = create("ol")
  rows.setAttribute("aria-label", data.label)
  if (tiles) {
    const family = getComputedStyle(list).fontFamily
    rows.append(...data.rows.map((row) => tile(row, data, onWhy, family, list)))
    list.replaceChildren(rows)
  } else {
    const heads = create("div", "heads")
    heads.setAttribute("aria-hidden", "true")
    for (const [className, label, tooltip] of data.heads) heads.append(create("span", className, label, tooltip))
    rows.append(...data.rows.map((row) => listItem(row, data, onWhy, list)))
    list.replaceChildren(heads, rows)
  }
  glide(list, before)
}
