"""Addresses that shops speak to."""

from django.urls import path

from . import views

urlpatterns = [path("shopify/", views.shopify_webhook, name="shopify_webhook")]
