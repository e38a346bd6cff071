"""A model server apart from the app: HTTP in front of ``Recommender``, with limits, batches, health and metadata.

``app.create_app`` makes the application; ``local`` runs it in processes of this machine (uvicorn), ``replicas`` under
Ray Serve. FastAPI, uvicorn and Ray are optional packages: whoever imports a module of this package asks
``bst.optional`` first.
"""
