from django.apps import AppConfig


class ChannelsConfig(AppConfig):
    name = "deskbell.channels"
    label = "channels"
    verbose_name = "Channels"

    def ready(self) -> None:
        from deskbell.channels.email import driver  # app-ready: it needs models
        from deskbell.channels.whatsapp import outgoing  # app-ready
        from deskbell.channels.whatsapp_web import outgoing as linked  # app-ready
        from deskbell.outbox import drivers  # app-ready

        drivers.register("email", driver.send)
        drivers.register(outgoing.DRIVER, outgoing.send)
        drivers.register(linked.DRIVER, linked.send)
