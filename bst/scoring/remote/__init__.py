"""A scorer in another process, asked over HTTP: the same answers, bit for bit, without weights and TensorFlow here.

``scorer.RemoteScorer`` asks, ``client.ModelServer`` carries, ``answers`` answers on the server, and ``message`` is how
a question and an answer are written. A new kind of question is one entry of ``answers.METHODS`` and one method of
``RemoteScorer``; ``message.VERSION`` changes with what the two sides must agree on.
"""
