// Draws the data of shelf.py: a person and the posters of what they watched. Titles are inserted as plain text.

function create(tag, className, text) {
  const element = document.createElement(tag)
  if (className) element.className = className
  if (text) element.textContent = text
  return element
}

function initials(name) {
  return [...name.matchAll(/(?:^|\s)(\S)/gu)].slice(0, 2).map((match) => match[1].toUpperCase()).join("")
}

function person(data) {
  const element = create("header", "person")
  const face = create("span", "face", initials(data.name))
  face.setAttribute("aria-hidden", "true")
  const facts = create("dl", "facts")
  for (const fact of data.facts) {
    const pair = create("div", fact.was ? "fact changed" : "fact")
    const value = create("dd")
    if (fact.was) {
      value.append(create("s", "", fact.was), create("span", "arrow", "→"))
      value.querySelector(".arrow").setAttribute("aria-label", "is now")
    }
    value.append(create("span", "now", fact.value))
    pair.append(create("dt", "", fact.label), value)
    facts.append(pair)
  }
  const words = create("div", "words")
  words.append(create("bdi", "name", data.name), facts)
  element.append(face, words)
  return element
}

function stars(movie, all) {
  const element = create("span", "stars")
  const said = movie.changed && movie.was !== null && movie.was !== movie.rating
    ? `${movie.was} stars before, ${movie.rating} now`
    : `${movie.rating} stars`
  element.setAttribute("role", "img")
  element.setAttribute("aria-label", said)
  for (let star = 1; star <= all; star += 1) {
    const sign = create("i", "star", "★")
    const fill = Math.max(0, Math.min(1, movie.rating - star + 1))
    sign.style.setProperty("--fill", fill)
    if (movie.changed && movie.was !== null) {
      const before = Math.max(0, Math.min(1, movie.was - star + 1))
      if (before > fill) sign.classList.add("lost")
      if (before < fill) sign.classList.add("won")
      sign.style.setProperty("--order", before > fill ? all - star : star)
    }
    element.append(sign)
  }
  return element
}

function rating(movie) {
  const element = create("span", "rating")
  element.setAttribute("aria-hidden", "true")  // the stars say it
  if (movie.changed && movie.was !== null && movie.was !== movie.rating)
    element.append(create("s", "", `${movie.was}`), create("span", "", " → "))
  element.append(create("b", "", `${movie.rating}`), create("span", "", " ★"))
  return element
}

function item(movie, data, family) {
  const element = create("li", movie.changed ? "movie changed" : "movie")
  element.dataset.movie = movie.id
  if (movie.changed && movie.was === null) element.classList.add("added")
  const caption = create("span", "caption")
  caption.append(stars(movie, data.stars), rating(movie))
  element.append(poster(movie.poster, { family }), create("bdi", "title", movie.title), caption)
  return element
}

// what somebody has not watched yet: decoration, a line below says it
function frames(number) {
  const list = create("div", "movies empty")
  list.setAttribute("aria-hidden", "true")
  for (let frame = 0; frame < number; frame += 1) list.append(create("span", "blank", "?"))
  return list
}

function boxes(shelf) {
  const items = [...shelf.querySelectorAll(".movie")]
  return new Map(items.map((element) => [element.dataset.movie, element.getBoundingClientRect()]))
}

// what was there glides to its new place and size, what is new comes up
function glide(shelf, before) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return
  const timing = { duration: 600, easing: "cubic-bezier(0.3, 0, 0.1, 1)" }
  for (const element of shelf.querySelectorAll(".movie")) {
    const old = before.get(element.dataset.movie)
    const now = element.getBoundingClientRect()
    if (old?.width && now.width) {
      const scale = old.width / now.width
      const from = `translate(${old.left - now.left}px, ${old.top - now.top}px) scale(${scale})`
      if (Math.abs(old.left - now.left) + Math.abs(old.top - now.top) > 2 || Math.abs(scale - 1) > 0.01)
        element.animate([{ transform: from }, { transform: "none" }], timing)
    } else if (before.size) {
      element.animate([{ opacity: 0, transform: "translateY(-2rem)" }, { opacity: 1, transform: "none" }], timing)
    }
  }
}

export default function ({ data, parentElement }) {
  const shelf = parentElement.querySelector(".shelf")
  const family = getComputedStyle(shelf).fontFamily
  const before = boxes(shelf)
  const list = create("ol", "movies")
  list.setAttribute("aria-label", data.label)
  list.append(...data.movies.map((movie) => item(movie, data, family)))
  // the first step has the person alone
  shelf.className = data.kind === "person" ? "shelf alone" : `shelf ${data.kind}`
  shelf.replaceChildren(person(data))
  if (data.movies.length) shelf.append(list)
  if (data.empty) shelf.append(frames(data.empty))
  for (const text of [data.more, data.nothing]) if (text) shelf.append(create("p", "more", text))
  glide(shelf, before)
}
