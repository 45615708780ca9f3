"""Masks on their way to a CUDA device, without one: what happens when its memory is full of what torch freed."""
import unittest
import unittest.mock

from bindings_support import GOLDEN, torch

import wean
from wean import operators

FULL, OK = 10, 0  # wean_status


class Memory(unittest.TestCase):
    def upload(self, *answers):
        """What was called, in order, when libwean gives these answers."""
        calls, waiting = [], list(answers)

        def upload_masks(number, device):
            calls.append((number, device))
            return waiting.pop(0)

        masks = wean.load(GOLDEN)
        number = masks.operator_number()
        fake = unittest.mock.Mock(upload_masks=upload_masks)
        with unittest.mock.patch.object(operators, "operators", lambda: fake), \
                unittest.mock.patch("torch.cuda.is_available", lambda: True), \
                unittest.mock.patch("torch.cuda.empty_cache", lambda: calls.append("empty_cache")), \
                unittest.mock.patch("wean._library.Handle.device_bytes", lambda _: 1):
            try:
                masks.upload("cuda:3")
            except wean.DeviceMemoryError:
                calls.append("DeviceMemoryError")
        return [call if isinstance(call, str) else (call[0] == number, call[1]) for call in calls]

    def test_room_at_once(self):
        self.assertEqual([(True, 3)], self.upload(OK))

    def test_room_in_what_torch_keeps(self):
        self.assertEqual([(True, 3), "empty_cache", (True, 3)], self.upload(FULL, OK))

    def test_no_room(self):
        self.assertEqual([(True, 3), "empty_cache", (True, 3), "DeviceMemoryError"], self.upload(FULL, FULL, OK))


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    unittest.main()
