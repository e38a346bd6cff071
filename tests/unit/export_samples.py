"""Made-up exports of one's own ratings, in the layouts of the services that hand them out."""

from bst.visitors.imports import Export, read_export

LETTERBOXD = """Date,Name,Year,Letterboxd URI,Rating
2024-01-02,Alien,1979,https://boxd.it/a,5
2024-01-03,"Lock, Stock and Two Smoking Barrels",1998,https://boxd.it/b,3.5
2024-01-03,Amélie,2001,https://boxd.it/c,0.5
"""
IMDB = """Const,Your Rating,Date Rated,Title,Original Title,URL,Title Type,IMDb Rating,Runtime (mins),Year,Genres
tt1,7,2024-03-02,Life Is Beautiful,La vita è bella,https://x,Movie,8.6,116,1997,"Comedy, Drama"
tt2,10,2024-03-01,Fargo,Fargo,https://x,TV Series,8.8,53,2014,Crime
tt3,1,2023-12-31,Jaws,Jaws,https://x,Movie,8.1,124,1975,Thriller
"""
OLD_IMDB = (
    '"position","const","created","modified","description","Title","Title type","Directors","You rated","IMDb Rating",'
    '"Runtime (mins)","Year","Genres","Num. Votes","Release Date (month/day/year)","URL"\n'
    '"1","tt1","Sat Dec 31 00:00:00 2016","","","Amélie","Feature Film","X","9","8.3","122","2001","","1","","u"\n'
    '"2","tt2","Fri Jan  1 10:00:00 2010","","","Jaws","Feature Film","X","8","8.1","124","1975","","1","","u"\n'
)
MOVIELENS = """movie_id,imdb_id,tmdb_id,rating,average_rating,title
2571,0133093,603,4.5,4.16,"Matrix, The (1999)"
1,0114709,862,3.0,3.89,Toy Story (1995)
"""
DATASET = "userId,movieId,rating,timestamp\n7,2571,4.0,978300002\n7,1,3.5,978300001\n"


TRAKT = """rated_at,type,title,year,trakt_rating,trakt_id,imdb_id,tmdb_id,tvdb_id,url,released,genres,rating
2020-03-02T20:00:00Z,movie,Alien,1979,8.2,295,tt0078748,348,,https://x,1979-05-25,horror,8
2020-03-01T20:00:00Z,movie,Jaws,1975,7.9,460,tt0073195,578,,https://x,1975-06-20,thriller,9
2020-02-01T20:00:00Z,show,Lost,2004,8.2,511,tt0411008,4607,,https://x,2004-09-22,drama,6
"""


def read(text: str, encoding: str = "utf-8", **options) -> Export:
    return read_export(text.encode(encoding), "mine.csv", **options)


def titles(export: Export) -> list[str]:
    return [entry.title for entry in export.entries]


def rated(export: Export) -> list[tuple]:
    return [(entry.title, entry.year, entry.stars) for entry in export.entries]
