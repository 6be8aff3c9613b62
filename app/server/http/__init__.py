"""HTTP/1.1 connections: what uvicorn's protocol on httptools leaves out."""
