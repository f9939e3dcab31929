"""Reaching a database: many at once, and the first time."""

import asyncio

from service.database.connect import database


async def test_many_first_users_of_a_new_data_directory_all_get_in(tmp_path):
    """Each brings the schema up to date and lets the role log in: without a lock, all but one failed there."""

    async def use() -> int:
        async with database(tmp_path, None) as reached, reached.session() as session:
            return await session.fetchval("SELECT count(*) FROM candled.events")

    assert await asyncio.gather(*(use() for _ in range(6))) == [0] * 6
